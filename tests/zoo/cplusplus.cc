/*
 * The zoo in C++: what the language puts between one's own functions.
 *
 *   a catch block that waits: the frames of the C++ runtime are gone, those below are not
 *   a std::function, a virtual call of a template, a destructor that waits while an exception flies by
 *   std::thread, whose start routine lives in libstdc++
 *
 * Each thread prints its own stack as trail.h says.
 */
#include "trail.h"

#include <condition_variable>
#include <cstring>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

static volatile int go_on = 1;

ZOO_KEEP static void zoo_wait()
{
	std::mutex mutex;
	std::condition_variable condition;
	std::unique_lock<std::mutex> lock(mutex);

	trail_enter(__func__);
	trail_declare("futex");
	while (go_on)
		condition.wait(lock);
}

/* Named as a type, so that the call through std::function has a name of ours: zoo_functor::operator(). */
struct zoo_functor {
	std::string text;

	ZOO_KEEP int operator()(int n) const
	{
		trail_enter("zoo_functor");
		zoo_wait();
		return n + static_cast<int>(text.size());
	}
};

struct zoo_base {
	virtual ~zoo_base() = default;
	virtual int descend(int n) = 0;
};

template <class T> struct zoo_template : zoo_base {
	T value {};

	ZOO_KEEP int descend(int n) override
	{
		std::string padding(static_cast<size_t>(n), 'x');

		trail_enter("zoo_template");
		if (n > 0)
			return descend(n - 1) + static_cast<int>(padding.size());
		std::function<int(int)> function = zoo_functor { "text" };
		return function(n) + static_cast<int>(sizeof value);
	}
};

ZOO_KEEP static void zoo_thrower(int n)
{
	if (n > 0)
		zoo_thrower(n - 1);
	else
		throw std::string("thrown");
	zoo_sink++;
}

ZOO_KEEP static void zoo_catcher()
{
	trail_enter(__func__);
	try {
		zoo_thrower(3);
	} catch (const std::string &) {
		zoo_wait();
	}
	zoo_sink++;
}

struct zoo_destroyed {
	ZOO_KEEP ~zoo_destroyed()
	{
		trail_enter("zoo_destroyed");
		zoo_wait();
	}
};

/* Waits in a destructor: the exception that calls it is being thrown through this frame. */
ZOO_KEEP static void zoo_unwound()
{
	zoo_destroyed guard;

	trail_enter(__func__);
	zoo_thrower(2);
	zoo_sink++;
}

ZOO_KEEP static void zoo_in_flight()
{
	trail_enter(__func__);
	try {
		zoo_unwound();
	} catch (const std::string &) {
		zoo_sink++;
	}
}

ZOO_KEEP static void zoo_virtual()
{
	std::vector<zoo_base *> objects = { new zoo_template<int>(), new zoo_template<std::string>() };

	trail_enter(__func__);
	zoo_sink += objects[1]->descend(4);
}

int main()
{
	alarm(180);
	trail_expect(4);
	std::thread a(zoo_catcher), b(zoo_in_flight), c(zoo_virtual);
	zoo_catcher();
	a.join();
	b.join();
	c.join();
}
