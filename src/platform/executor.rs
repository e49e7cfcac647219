//! Runs the Worker's futures, and waits for the promises of JavaScript.
//!
//! wasm-bindgen-futures makes two closures for every wait, and puts each step of every request into one queue of microtasks.
//! Here one closure serves every wait of the instance, and a ticket tells them apart. When a promise has settled, the future
//! that waits for it goes on at once, in the context of its own request.
//!
//! After a panic, or an exception that came through, no future of the instance goes on, for its memory may be in any state:
//! `whenSettled` in `glue.js` sees to it, and wasm-bindgen.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/src/platform/glue.js")]
extern "C" {
    #[wasm_bindgen(js_name = onSettled)]
    fn on_settled(settled: &JsValue);
    #[wasm_bindgen(js_name = whenSettled)]
    fn when_settled(promise: &Promise, ticket: u32);
    #[wasm_bindgen(js_name = keepAlive)]
    fn keep_alive() -> Function;
}

type Outcome = Result<JsValue, JsValue>;
type Task = Pin<Box<dyn Future<Output = ()>>>;

enum Wait {
    /// The task that asked last.
    Pending(Option<u32>),
    Settled(Outcome),
    /// Nobody waits any more. The ticket stays taken until the promise settles, so that no other wait gets its value.
    Abandoned,
}

/// Values by number; numbers are given again.
struct Slots<T> {
    slots: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> Slots<T> {
    const fn new() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
        }
    }

    fn insert(&mut self, value: T) -> u32 {
        if let Some(at) = self.free.pop() {
            self.replace(at, value);
            return at;
        }
        self.slots.push(Some(value));
        u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
    }

    fn replace(&mut self, at: u32, value: T) -> Option<T> {
        self.slots.get_mut(at as usize)?.replace(value)
    }

    fn remove(&mut self, at: u32) -> Option<T> {
        self.free.push(at);
        self.slots.get_mut(at as usize)?.take()
    }
}

// What is taken out of these is dropped only after they are let go: a task may own waits.
thread_local! {
    static WAITS: RefCell<Slots<Wait>> = const { RefCell::new(Slots::new()) };
    /// None: it is being polled.
    static TASKS: RefCell<Slots<Option<Task>>> = const { RefCell::new(Slots::new()) };
    /// Tasks that can go on.
    static READY: RefCell<VecDeque<u32>> = const { RefCell::new(VecDeque::new()) };
    /// The task that is being polled.
    static CURRENT: Cell<Option<u32>> = const { Cell::new(None) };
    static LISTENS: Cell<bool> = const { Cell::new(false) };
}

/// Makes a task that can go on.
fn spawn(future: impl Future<Output = ()> + 'static) {
    let task: Task = Box::pin(future);
    let task = TASKS.with_borrow_mut(|tasks| tasks.insert(Some(task)));
    READY.with_borrow_mut(|ready| ready.push_back(task));
}

/// Runs a future for JavaScript, which learns what came of it by one of the two functions.
pub fn settle_with(
    future: Pin<Box<dyn Future<Output = Outcome>>>, // one copy of this in the Worker
    resolve: Function,
    reject: Function,
) {
    spawn(async move {
        let called = match future.await {
            Ok(value) => resolve.call1(&JsValue::UNDEFINED, &value),
            Err(error) => reject.call1(&JsValue::UNDEFINED, &error),
        };
        drop(called); // Neither throws.
    });
    run();
}

/// Carries out work that the answer does not wait for, and the isolate does: behind the task that is being polled.
pub fn after_answer(work: impl Future<Output = ()> + 'static) {
    let done = keep_alive();
    spawn(async move {
        work.await;
        drop(done.call0(&JsValue::UNDEFINED)); // It does not throw.
    });
}

/// Polls what can go on. JavaScript has called, so nothing is being polled.
fn run() {
    while let Some(task) = READY.with_borrow_mut(VecDeque::pop_front) {
        let Some(Some(mut future)) = TASKS.with_borrow_mut(|tasks| tasks.replace(task, None))
        else {
            continue;
        };
        CURRENT.set(Some(task));
        let is_pending = future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending();
        CURRENT.set(None);
        if is_pending {
            TASKS.with_borrow_mut(|tasks| tasks.replace(task, Some(future)));
        } else {
            TASKS.with_borrow_mut(|tasks| tasks.remove(task));
        }
    }
}

/// JavaScript calls this when a promise has settled.
fn settle(ticket: u32, fulfilled: bool, value: JsValue) {
    let outcome = if fulfilled { Ok(value) } else { Err(value) };
    match WAITS.with_borrow_mut(|waits| waits.replace(ticket, Wait::Settled(outcome))) {
        Some(Wait::Pending(Some(task))) => {
            READY.with_borrow_mut(|ready| ready.push_back(task));
            run();
        }
        Some(Wait::Abandoned) => drop(WAITS.with_borrow_mut(|waits| waits.remove(ticket))),
        _ => {}
    }
}

/// The outcome of a promise, as a future.
pub struct Settled {
    /// None once the outcome has been given.
    ticket: Option<u32>,
}

pub fn wait(promise: &Promise) -> Settled {
    if !LISTENS.replace(true) {
        let closure: Closure<dyn Fn(u32, bool, JsValue)> = Closure::new(settle);
        on_settled(&closure.into_js_value());
    }
    let ticket = WAITS.with_borrow_mut(|waits| waits.insert(Wait::Pending(None)));
    when_settled(promise, ticket);
    Settled {
        ticket: Some(ticket),
    }
}

impl Future for Settled {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Outcome> {
        let Some(ticket) = self.ticket else {
            return Poll::Pending;
        };
        let pending = Wait::Pending(CURRENT.get());
        let before = WAITS.with_borrow_mut(|waits| waits.replace(ticket, pending));
        let Some(Wait::Settled(outcome)) = before else {
            return Poll::Pending;
        };
        self.ticket = None;
        WAITS.with_borrow_mut(|waits| waits.remove(ticket));
        Poll::Ready(outcome)
    }
}

impl Drop for Settled {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else { return };
        let before = WAITS.with_borrow_mut(|waits| waits.replace(ticket, Wait::Abandoned));
        if matches!(before, Some(Wait::Settled(_))) {
            WAITS.with_borrow_mut(|waits| waits.remove(ticket));
        }
    }
}
