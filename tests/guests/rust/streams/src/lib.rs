// SPDX-License-Identifier: Apache-2.0
//! Writes and reads streams and futures, as its caller asks.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

wit_bindgen::generate!({ path: "../../wit/streams", world: "streams" });

use berth::streams::giver;
use exports::berth::streams::pipes::{Guest as Pipes, Line};
use wit_bindgen::{FutureReader, StreamReader, StreamResult, StreamWriter, spawn_local};

struct Streams;

export!(Streams);

static TAKEN: AtomicU32 = AtomicU32::new(0);

thread_local! {
    static SILENT: RefCell<Vec<StreamWriter<u32>>> = const { RefCell::new(Vec::new()) };
}

/// One by one, counted as they are taken.
async fn write_numbers(mut to: StreamWriter<u32>, count: u32) {
    for number in 0..count {
        if to.write_one(number).await.is_some() {
            return;
        }
        TAKEN.fetch_add(1, Relaxed);
    }
}

async fn add_up(mut of: StreamReader<u32>) -> u64 {
    let mut sum = 0;
    while let Some(number) = of.next().await {
        sum += u64::from(number);
    }
    sum
}

impl Pipes for Streams {
    async fn bytes(count: u64) -> StreamReader<u8> {
        let (mut writer, reader) = wit_stream::new();
        spawn_local(async move {
            let all = (0..count).map(|at| at as u8).collect();
            writer.write_all(all).await;
        });
        reader
    }

    async fn numbers(count: u32) -> StreamReader<u32> {
        let (writer, reader) = wit_stream::new();
        spawn_local(write_numbers(writer, count));
        reader
    }

    async fn lines(count: u32) -> StreamReader<Line> {
        let (mut writer, reader) = wit_stream::new();
        spawn_local(async move {
            let all = (0..count).map(|number| Line { number, text: format!("line {number}") }).collect();
            writer.write_all(all).await;
        });
        reader
    }

    async fn falling(count: u32) -> StreamReader<u32> {
        let (writer, reader) = wit_stream::new();
        spawn_local(async move {
            write_numbers(writer, count).await;
            core::arch::wasm32::unreachable()
        });
        reader
    }

    async fn silent() -> StreamReader<u32> {
        let (writer, reader) = wit_stream::new();
        SILENT.with_borrow_mut(|silent| silent.push(writer));
        reader
    }

    async fn later(text: String) -> FutureReader<String> {
        let (writer, reader) = wit_future::new(String::new);
        spawn_local(async move {
            let _ = writer.write(text).await;
        });
        reader
    }

    async fn done() -> FutureReader<()> {
        let (writer, reader) = wit_future::new(|| ());
        spawn_local(async move {
            let _ = writer.write(()).await;
        });
        reader
    }

    fn taken() -> u32 {
        TAKEN.load(Relaxed)
    }

    async fn sum(mut of: StreamReader<u8>) -> u64 {
        let mut sum = 0;
        let mut room = Vec::with_capacity(64 << 10);
        loop {
            let (result, read) = of.read(room).await;
            sum += read.iter().map(|byte| u64::from(*byte)).sum::<u64>();
            room = read;
            room.clear();
            if result == StreamResult::Dropped {
                return sum;
            }
        }
    }

    async fn total(of: StreamReader<u32>) -> u64 {
        add_up(of).await
    }

    async fn join(of: StreamReader<Line>) -> String {
        let lines = of.collect().await;
        lines.iter().map(|line| format!("{}={}", line.number, line.text)).collect::<Vec<_>>().join(", ")
    }

    async fn first(mut of: StreamReader<u32>, count: u32) -> Vec<u32> {
        let mut first = Vec::new();
        while first.len() < count as usize {
            match of.next().await {
                Some(number) => first.push(number),
                None => break,
            }
        }
        first
    }

    async fn hear(value: FutureReader<String>) -> String {
        value.await
    }

    async fn wait(of: FutureReader<()>) {
        of.await
    }

    async fn doubled(mut of: StreamReader<u32>) -> StreamReader<u32> {
        let (mut writer, reader) = wit_stream::new();
        spawn_local(async move {
            while let Some(number) = of.next().await {
                if writer.write_one(2 * number).await.is_some() {
                    return;
                }
            }
        });
        reader
    }

    async fn back(of: StreamReader<u8>) -> StreamReader<u8> {
        of
    }

    async fn back_lines(of: StreamReader<Line>) -> StreamReader<Line> {
        of
    }

    async fn back_later(of: FutureReader<String>) -> FutureReader<String> {
        of
    }
}

impl Guest for Streams {
    async fn ask_two(a: String, b: String) -> String {
        let (a, b) = futures::join!(giver::ask(a), giver::ask(b));
        format!("{a} and {b}")
    }

    async fn fed(count: u32) -> u64 {
        add_up(giver::feed(count)).await
    }

    async fn collects(count: u32) -> u32 {
        let (writer, reader) = wit_stream::new();
        giver::collect(reader);
        let before = TAKEN.load(Relaxed);
        write_numbers(writer, count).await;
        TAKEN.load(Relaxed) - before
    }

    async fn soon(value: u32) -> u32 {
        giver::soon(value).await
    }
}
