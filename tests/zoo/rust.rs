// The zoo in Rust: recursion, then a sleep, a channel, a condition variable and a socket.
//
// Each thread prints its own stack before it parks: "THREAD tid wait function function …", innermost first.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::{mpsc, Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

const DEPTH: u32 = 6;

fn declare(wait: &str) {
    // /proc/thread-self reads PID/task/TID.
    let link = std::fs::read_link("/proc/thread-self").unwrap();
    let tid = link.file_name().unwrap().to_str().unwrap().to_owned();
    let mut line = format!("THREAD {} {} zoo_park", tid, wait);
    for _ in 0..=DEPTH {
        line.push_str(" zoo_recurse");
    }
    line.push('\n');
    std::io::stdout().write_all(line.as_bytes()).unwrap();
}

#[inline(never)]
fn zoo_park(kind: u32) -> u32 {
    match kind {
        0 => {
            declare("clock_nanosleep");
            thread::sleep(Duration::from_secs(10000));
        }
        1 => {
            let (sender, receiver) = mpsc::channel::<u32>();
            declare("futex");
            let _ = receiver.recv();
            drop(sender);
        }
        2 => {
            let pair = Arc::new((Mutex::new(0), Condvar::new()));
            let mut guard = pair.0.lock().unwrap();
            declare("futex");
            loop {
                guard = pair.1.wait(guard).unwrap();
            }
        }
        _ => {
            let (mut near, far) = UnixStream::pair().unwrap();
            let mut buffer = [0u8; 1];
            declare("recvfrom");
            let _ = near.read(&mut buffer);
            drop(far);
        }
    }
    std::hint::black_box(kind)
}

#[inline(never)]
fn zoo_recurse(n: u32, kind: u32) -> u32 {
    let below = if n > 0 { zoo_recurse(n - 1, kind) } else { zoo_park(kind) };
    std::hint::black_box(below + 1)
}

fn main() {
    println!("EXPECT 4");
    let handles: Vec<_> =
        (0..4).map(|kind| thread::spawn(move || zoo_recurse(DEPTH, kind))).collect();
    for handle in handles {
        let _ = handle.join();
    }
}
