//! Waiting for a promise of JavaScript.
//!
//! `JsFuture` makes two closures for every wait, each registered for finalisation, and a request waits three times:
//! together that costs more than the request's own Rust. Here one closure serves every wait of the instance; a ticket
//! tells them apart.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use js_sys::Promise;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/src/platform/glue.js")]
extern "C" {
    #[wasm_bindgen(js_name = onSettled)]
    fn on_settled(settled: &JsValue);
    #[wasm_bindgen(js_name = whenSettled)]
    fn when_settled(promise: &Promise, ticket: u32);
}

type Outcome = Result<JsValue, JsValue>;

enum Wait {
    Pending(Option<Waker>),
    Settled(Outcome),
    /// Nobody waits any more. The ticket stays taken until the promise settles, so that no other wait gets its value.
    Abandoned,
    Free,
}

#[derive(Default)]
struct Waits {
    by_ticket: Vec<Wait>,
    free: Vec<u32>,
    listening: bool,
}

thread_local! {
    static WAITS: RefCell<Waits> = RefCell::default();
}

impl Waits {
    fn begin(&mut self) -> u32 {
        if !self.listening {
            self.listening = true;
            let closure: Closure<dyn Fn(u32, bool, JsValue)> = Closure::new(settle);
            on_settled(&closure.into_js_value());
        }
        if let Some(ticket) = self.free.pop() {
            self.set(ticket, Wait::Pending(None));
            return ticket;
        }
        self.by_ticket.push(Wait::Pending(None));
        u32::try_from(self.by_ticket.len() - 1).unwrap_or(u32::MAX)
    }

    /// Puts another state in the place of a ticket's, which it gives back.
    fn set(&mut self, ticket: u32, wait: Wait) -> Wait {
        self.by_ticket
            .get_mut(ticket as usize)
            .map_or(Wait::Free, |slot| std::mem::replace(slot, wait))
    }

    fn release(&mut self, ticket: u32) -> Wait {
        self.free.push(ticket);
        self.set(ticket, Wait::Free)
    }
}

/// JavaScript calls this when a promise has settled.
fn settle(ticket: u32, fulfilled: bool, value: JsValue) {
    let outcome = if fulfilled { Ok(value) } else { Err(value) };
    let before = WAITS.with_borrow_mut(|waits| {
        let before = waits.set(ticket, Wait::Settled(outcome));
        if matches!(before, Wait::Abandoned) {
            waits.release(ticket)
        } else {
            before
        }
    });
    if let Wait::Pending(Some(waker)) = before {
        waker.wake();
    }
}

/// The outcome of a promise, as a future.
pub struct Settled {
    /// None once the outcome has been given.
    ticket: Option<u32>,
}

pub fn wait(promise: &Promise) -> Settled {
    let ticket = WAITS.with_borrow_mut(Waits::begin);
    when_settled(promise, ticket);
    Settled {
        ticket: Some(ticket),
    }
}

// What is taken out of the list is dropped only after the list is let go: a waker may own a task, and that task
// another wait.

impl Future for Settled {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        let Some(ticket) = self.ticket else {
            return Poll::Pending;
        };
        let pending = Wait::Pending(Some(context.waker().clone()));
        let before = WAITS.with_borrow_mut(|waits| waits.set(ticket, pending));
        match before {
            Wait::Settled(outcome) => {
                self.ticket = None;
                let waker = WAITS.with_borrow_mut(|waits| waits.release(ticket));
                drop(waker);
                Poll::Ready(outcome)
            }
            _ => Poll::Pending,
        }
    }
}

impl Drop for Settled {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else { return };
        let before = WAITS.with_borrow_mut(|waits| match waits.set(ticket, Wait::Abandoned) {
            Wait::Settled(outcome) => {
                waits.release(ticket);
                Wait::Settled(outcome)
            }
            before => before,
        });
        drop(before);
    }
}
