"""The list of interpreters: each cell of the matrix either runs or has its reason."""

import envs


def test_every_environment_has_a_version_or_a_reason():
    known = list(envs.environments())
    assert len({env.name for env in known}) == len(known)
    for env in known:
        state = env.state()
        assert ("python" in state) != ("reason" in state), env.name


def test_patterns_choose():
    assert {env.interpreter.name for env in envs.chosen(["system-*"])} == {"system"}
    assert list(envs.chosen(["nothing-like-this"])) == []


def test_mirror_is_an_address():
    assert envs.mirror().startswith("http")
