// SPDX-License-Identifier: Apache-2.0
//! Gives back what it gets, in every type; and does what a caller has to live with: spins, fills memory, traps.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

wit_bindgen::generate!({ path: "../../wit/every", world: "every" });

use exports::berth::every::echo::{Access, Bits, Colour, Guest as Echo, Point, Reading, Shape};

struct Every;

export!(Every);

static CALLS: AtomicU32 = AtomicU32::new(0);

impl Guest for Every {
    fn count() -> u32 {
        CALLS.fetch_add(1, Relaxed) + 1
    }

    fn add(a: i32, b: i32) -> i32 {
        a.wrapping_add(b)
    }

    fn spin() {
        let mut seen = 0u64;
        loop {
            seen = std::hint::black_box(seen.wrapping_add(1));
        }
    }

    fn fill(mebibytes: u32) -> u32 {
        let mut held = vec![];
        for _ in 0..mebibytes {
            held.push(std::hint::black_box(vec![1u8; 1 << 20]));
        }
        held.len() as u32
    }

    fn fall() {
        core::arch::wasm32::unreachable()
    }
}

macro_rules! echoes {
    ($($name:ident: $ty:ty),* $(,)?) => {
        $(fn $name(v: $ty) -> $ty { v })*
    };
}

type Deep = Option<Result<Vec<Shape>, (Colour, Access)>>;

impl Echo for Every {
    echoes! {
        bools: bool, s8s: i8, u8s: u8, s16s: i16, u16s: u16, s32s: i32, u32s: u32, s64s: i64, u64s: u64, f32s: f32,
        f64s: f64, chars: char, texts: String, bytes: Vec<u8>, numbers: Vec<i16>, doubles: Vec<f64>,
        many_bools: Vec<bool>, many_chars: Vec<char>, many_texts: Vec<String>, nested: Vec<Vec<u16>>, points: Point,
        readings: Reading, many_readings: Vec<Reading>, tuples: (u8, String, i64), colours: Colour, accesses: Access,
        all_bits: Bits, shapes: Shape, many_shapes: Vec<Shape>, options: Option<String>, many_options: Vec<Option<u8>>,
        results: Result<u32, String>, empty_results: Result<(), ()>, deep: Deep,
    }

    fn joined(
        a: u8,
        b: String,
        c: u16,
        d: f64,
        e: String,
        f: i64,
        g: Vec<u8>,
        h: bool,
        i: char,
        j: Point,
        k: Option<u64>,
        l: String,
    ) -> String {
        format!("{a} {b} {c} {d} {e} {f} {g:?} {h} {i} {} {} {k:?} {l}", j.x, j.y)
    }

    fn nothing() {}
}
