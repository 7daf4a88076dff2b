// SPDX-License-Identifier: Apache-2.0
//! Greets whom it is told to: the smallest library that shows a string in and out.

wit_bindgen::generate!({ path: "../../wit/greeting", world: "greeter" });

struct Greeter;

export!(Greeter);

impl exports::berth::examples::greeting::Guest for Greeter {
    fn greet(name: String) -> String {
        format!("Hello, {name}!")
    }
}
