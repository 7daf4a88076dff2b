// SPDX-License-Identifier: Apache-2.0
// What both shapes of this guest do with their arguments.

use berth::activity::activity::{self, Refusal};

fn tell(mut words: impl Iterator<Item = String>) {
    while let Some(verb) = words.next() {
        let mut word = || words.next().unwrap_or_else(|| panic!("{verb} needs a word"));
        let told = match verb.as_str() {
            "info" => activity::info(&word()),
            "error" => activity::error(&word()),
            "job" => activity::job_completed(),
            "flood" => flood(word().parse().unwrap()),
            "count" => count(),
            other => panic!("{other} is no verb"),
        };
        if let Err(refusal) = told {
            println!("{}", shown(&refusal));
        }
    }
}

fn flood(times: u32) -> Result<(), Refusal> {
    let refused: Vec<Refusal> = (0..times).filter_map(|_| activity::info("again").err()).collect();
    println!("{} refused", refused.len());
    refused.into_iter().next().map_or(Ok(()), Err)
}

fn count() -> Result<(), Refusal> {
    use std::io::Write;
    let mut number = 0;
    loop {
        number += 1;
        while activity::info(&number.to_string()).is_err() {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        println!("{number}");
        std::io::stdout().flush().unwrap();
    }
}

fn shown(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Denied(words) => format!("denied: {words}"),
        Refusal::Limited(words) => format!("limited: {words}"),
        Refusal::TooLarge(words) => format!("too-large: {words}"),
        Refusal::Unavailable(words) => format!("unavailable: {words}"),
    }
}
