// SPDX-License-Identifier: MIT

//! An echo server with a thread for each connection: port 7777.
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

fn main() {
    let listener = TcpListener::bind("0.0.0.0:7777").expect("bind");
    println!("READY {:?}", std::env::args().collect::<Vec<_>>());
    for stream in listener.incoming() {
        let mut stream = stream.expect("accept");
        thread::spawn(move || {
            let mut bytes = [0; 65536];
            while let Ok(n) = stream.read(&mut bytes) {
                if n == 0 || stream.write_all(&bytes[..n]).is_err() {
                    break;
                }
            }
        });
    }
}
