// SPDX-License-Identifier: Apache-2.0
//! call-floor MODULE CALLER SECONDS: calls the module's functions by the engine's typed Rust API, with nothing around them: no
//! limits but epochs, no policy. Prints a JSON object of nanoseconds a call, on a fiber as a module with imports that may wait
//! needs it; of a call back from CALLER to its host, directly; and what two threads do over one. bench/calls.py starts it beside libberth.

mod host;

use std::time::{Duration, Instant};
use wasmtime::component::{
    Component, ComponentNamedList, Instance, InstancePre, Lift, Linker, Lower, ResourceTable, TypedFunc,
};
use wasmtime::{Config, Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView, p2};

struct State {
    table: ResourceTable,
    wasi: WasiCtx,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// A record of the module's, with a nested list.
#[derive(wasmtime::component::ComponentType, wasmtime::component::Lift, wasmtime::component::Lower, Clone)]
#[component(record)]
struct Reading {
    id: u64,
    name: String,
    values: Vec<f64>,
    ok: bool,
    a: u32,
    b: u32,
    c: i64,
    d: f32,
}

struct Bench {
    store: Store<State>,
    instance: Instance,
    time: Duration,
    found: Vec<(&'static str, f64)>,
}

/// The quickest of so many rounds counts: everything else was something else's.
const ROUNDS: u32 = 5;

/// Nanoseconds of one.
fn quickest(time: Duration, mut call: impl FnMut() -> wasmtime::Result<()>) -> wasmtime::Result<f64> {
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        let (began, mut calls) = (Instant::now(), 0u32);
        while began.elapsed() < time / ROUNDS {
            call()?;
            calls += 1;
        }
        best = best.min(began.elapsed().as_nanos() as f64 / f64::from(calls));
    }
    Ok(best)
}

/// Nanoseconds of one, on a fiber.
async fn quickest_call<P, R>(
    time: Duration,
    store: &mut Store<State>,
    function: &TypedFunc<P, R>,
    given: P,
) -> wasmtime::Result<f64>
where
    P: ComponentNamedList + Lower + Clone,
    R: ComponentNamedList + Lift + 'static,
{
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        let (began, mut calls) = (Instant::now(), 0u32);
        while began.elapsed() < time / ROUNDS {
            for _ in 0..16 {
                function.call_async(&mut *store, given.clone()).await?;
            }
            calls += 16;
        }
        best = best.min(began.elapsed().as_nanos() as f64 / f64::from(calls));
    }
    Ok(best)
}

/// How much two instances on two threads do, over what one does.
fn two_threads(engine: &Engine, module: &InstancePre<State>, time: Duration) -> anyhow::Result<f64> {
    let rate = || -> anyhow::Result<f64> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let (mut store, instance) = instantiate(engine, module).await?;
            let add = instance.get_typed_func::<(i32, i32), (i32,)>(&mut store, "add")?;
            Ok(1e9 / quickest_call(time, &mut store, &add, (1, 2)).await?)
        })
    };
    let alone = rate()?;
    std::thread::scope(|scope| {
        let beside = scope.spawn(rate);
        let here = rate()?;
        Ok((here + beside.join().map_err(|_| anyhow::anyhow!("a thread panicked"))??) / alone)
    })
}

impl Bench {
    async fn measure<P, R>(
        &mut self,
        name: &'static str,
        interface: Option<&str>,
        function: &str,
        given: P,
    ) -> anyhow::Result<()>
    where
        P: ComponentNamedList + Lower + Clone,
        R: ComponentNamedList + Lift + 'static,
    {
        let store = &mut self.store;
        let outer = match interface {
            Some(name) => self.instance.get_export_index(&mut *store, None, name),
            None => None,
        };
        let index = self.instance.get_export_index(&mut *store, outer.as_ref(), function);
        let index = index.ok_or_else(|| anyhow::anyhow!("the module exports no '{function}'"))?;
        let function = self.instance.get_typed_func::<P, R>(&mut *store, index)?;
        let best = quickest_call(self.time, store, &function, given).await?;
        self.found.push((name, best));
        Ok(())
    }
}

async fn instantiate(engine: &Engine, module: &InstancePre<State>) -> wasmtime::Result<(Store<State>, Instance)> {
    let state = State { table: ResourceTable::new(), wasi: WasiCtx::builder().build() };
    let mut store = Store::new(engine, state);
    store.set_epoch_deadline(1 << 40);
    let instance = module.instantiate_async(&mut store).await?;
    Ok((store, instance))
}

fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let (Some(path), Some(caller), Some(seconds)) = (args.next(), args.next(), args.next()) else {
        anyhow::bail!("usage: call-floor MODULE CALLER SECONDS");
    };
    let time = Duration::from_secs_f64(seconds.parse()?);
    let mut config = Config::new();
    config.epoch_interruption(true).concurrency_support(false);
    let engine = Engine::new(&config)?;
    let component = Component::from_file(&engine, path)?;
    let mut linker = Linker::new(&engine);
    p2::add_to_linker_async(&mut linker)?;
    let module = linker.instantiate_pre(&component)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut found = runtime.block_on(async {
        let (store, instance) = instantiate(&engine, &module).await?;
        let mut bench = Bench { store, instance, time, found: vec![] };
        let echo = Some("berth:every/echo@1.0.0");
        let reading = Reading {
            id: 1,
            name: "a reading".to_owned(),
            values: vec![1.5, 2.5, 3.5, 4.5],
            ok: true,
            a: 1,
            b: 2,
            c: 3,
            d: 0.5,
        };
        bench.measure::<(i32, i32), (i32,)>("add", None, "add", (1, 2)).await?;
        bench.measure::<(&str,), (String,)>("text", echo, "texts", ("sixteen letters!",)).await?;
        let bytes = vec![7u8; 1 << 20];
        bench.measure::<(&[u8],), (Vec<u8>,)>("bytes", echo, "bytes", (&bytes,)).await?;
        bench.measure::<(Reading,), (Reading,)>("record", echo, "readings", (reading,)).await?;
        let mut best = f64::MAX;
        for _ in 0..ROUNDS {
            let began = Instant::now();
            for _ in 0..200 {
                let (mut store, instance) = instantiate(&engine, &module).await?;
                let add = instance.get_typed_func::<(i32, i32), (i32,)>(&mut store, "add")?;
                add.call_async(&mut store, (1, 2)).await?;
            }
            best = best.min(began.elapsed().as_nanos() as f64 / 200.0);
        }
        bench.found.push(("instance", best));
        anyhow::Ok(bench.found)
    })?;
    found.push(("threads", two_threads(&engine, &module, time)?));
    found.extend(host::measure(&engine, &caller, time)?);
    let entries: Vec<_> = found.iter().map(|(name, ns)| format!("\"{name}\": {ns:.3}")).collect();
    println!("{{{}}}", entries.join(", "));
    Ok(())
}
