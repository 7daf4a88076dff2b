// SPDX-License-Identifier: Apache-2.0
//! Knocks at the network doors of WASI 0.3, with the words and the answers of `knocker`, which does so over 0.2. What
//! isn't here is about 0.2 alone (`drop`, `names`, `serve-udp`). `hoard-streams` keeps of its connections one stream each.

mod http;
mod sockets;

use wasip3::cli::environment::get_arguments;
use wasip3::clocks::monotonic_clock::wait_for;

type Said = Result<String, String>;

struct Knocker;

wasip3::cli::command::export!(Knocker);

impl wasip3::exports::cli::run::Guest for Knocker {
    async fn run() -> Result<(), ()> {
        for command in get_arguments().into_iter().skip(1) {
            let words: Vec<&str> = command.split_whitespace().collect();
            let said = perform(&words).await.unwrap_or_else(|error| error);
            println!("{command}: {said}");
        }
        Ok(())
    }
}

async fn perform(words: &[&str]) -> Said {
    match words {
        ["get", url, options @ ..] => http::get(url, options).await,
        ["post", url, bytes] => http::post(url, bytes.parse().map_err(shown)?).await,
        ["many", url, count] => http::many(url, count.parse().map_err(shown)?).await,
        ["header", name, value] => http::header(name, value),
        ["resolve", name] => sockets::resolve(name).await,
        ["tcp", address, text @ ..] => sockets::tcp(address, text.join(" ")).await,
        ["udp", address, text @ ..] => sockets::udp(address, text.join(" ")).await,
        ["hoard", address, count] => sockets::hoard(address, count.parse().map_err(shown)?).await,
        ["hoard-streams", address, count] => sockets::hoard_streams(address, count.parse().map_err(shown)?).await,
        ["hoard-udp", count] => sockets::hoard_udp(count.parse().map_err(shown)?),
        ["again", address, count] => sockets::again(address, count.parse().map_err(shown)?).await,
        ["flood", address, count] => sockets::flood(address, count.parse().map_err(shown)?).await,
        ["serve", address, count] => sockets::serve(address, count.parse().map_err(shown)?, true).await,
        ["serve-one", address, count] => sockets::serve(address, count.parse().map_err(shown)?, false).await,
        ["listen", address] => sockets::listen(address),
        ["bind-udp", address] => sockets::bound_udp(address).map(|_| "bound".into()),
        ["sleep", milliseconds] => {
            wait_for(milliseconds.parse::<u64>().map_err(shown)? * 1_000_000).await;
            Ok("slept".into())
        }
        _ => Err("is nothing that this guest can do".into()),
    }
}

fn shown(error: impl std::fmt::Debug) -> String {
    format!("{error:?}")
}
