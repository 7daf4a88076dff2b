// SPDX-License-Identifier: Apache-2.0
//! Which addresses a guest has got for which name. What a rule by name opens is exactly these addresses, while
//! their answer lives. A guest fills this, so it is bounded.

use crate::resolver::Answer;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

const MOST_NAMES: usize = 128;
/// An answer that may not be kept at all can still be connected to.
const SHORTEST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(3600);

#[derive(Default)]
pub struct Pins(Mutex<HashMap<String, Answer>>);

/// Names that had an address.
#[derive(Debug, Default, PartialEq)]
pub struct Holders {
    /// Whose answer still lives.
    pub now: Vec<String>,
    /// Whose answer has to be asked for again.
    pub once: Vec<String>,
}

impl Pins {
    pub fn keep(&self, name: &str, mut answer: Answer, now: Instant) {
        answer.until = answer.until.clamp(now + SHORTEST, now + LONGEST);
        let mut pins = self.lock();
        if pins.len() >= MOST_NAMES && !pins.contains_key(name) {
            let oldest = pins.iter().min_by_key(|(_, answer)| answer.until).map(|(name, _)| name.clone());
            oldest.map(|name| pins.remove(&name));
        }
        pins.insert(name.to_owned(), answer);
    }

    pub fn holders(&self, address: IpAddr, now: Instant) -> Holders {
        let mut found = Holders::default();
        for (name, answer) in self.lock().iter().filter(|(_, answer)| answer.addresses.contains(&address)) {
            let names = if now < answer.until { &mut found.now } else { &mut found.once };
            names.push(name.clone());
        }
        found.now.sort();
        found.once.sort();
        found
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Answer>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(last: u8, now: Instant, seconds: u64) -> Answer {
        Answer { addresses: vec![address(last)], until: now + Duration::from_secs(seconds) }
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn an_address_is_pinned_while_its_answer_lives() {
        let (pins, now) = (Pins::default(), Instant::now());
        pins.keep("a.test", answer(1, now, 60), now);
        assert_eq!(pins.holders(address(1), now + Duration::from_secs(59)).now, ["a.test"]);
        let later = pins.holders(address(1), now + Duration::from_secs(60));
        assert_eq!((later.now.len(), later.once), (0, vec!["a.test".to_owned()]));
        assert_eq!(pins.holders(address(2), now), Holders::default());
    }

    #[test]
    fn a_new_answer_replaces_the_old_one() {
        let (pins, now) = (Pins::default(), Instant::now());
        pins.keep("a.test", answer(1, now, 60), now);
        pins.keep("a.test", answer(2, now, 60), now);
        assert_eq!(pins.holders(address(1), now), Holders::default());
    }

    #[test]
    fn a_time_to_live_of_nothing_and_of_ever_are_bounded() {
        let (pins, now) = (Pins::default(), Instant::now());
        pins.keep("none.test", answer(1, now, 0), now);
        pins.keep("ever.test", answer(2, now, 1 << 30), now);
        assert_eq!(pins.holders(address(1), now + Duration::from_secs(4)).now, ["none.test"]);
        assert_eq!(pins.holders(address(2), now + LONGEST).once, ["ever.test"]);
    }

    #[test]
    fn a_guest_that_looks_up_ever_more_fills_no_memory() {
        let (pins, now) = (Pins::default(), Instant::now());
        for n in 0..1000 {
            pins.keep(&format!("{n}.test"), answer(1, now, 60 + n), now);
        }
        assert_eq!(pins.holders(address(1), now).now.len(), MOST_NAMES);
    }
}
