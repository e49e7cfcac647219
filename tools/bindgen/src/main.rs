//! `bindgen INPUT.wasm OUTPUT_FOLDER`: writes `index.js` and `index_bg.wasm`, as an ES module for workerd.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(input), Some(output)) = (arguments.next(), arguments.next()) else {
        eprintln!("Usage: bindgen INPUT.wasm OUTPUT_FOLDER");
        return ExitCode::from(2);
    };
    let mut bindgen = wasm_bindgen_cli_support::Bindgen::new();
    // The reset function and the abort handler bring the Worker back after a panic: see src/platform/worker.js.
    let done = bindgen.module(true).and_then(|bindgen| {
        bindgen
            .input_path(input)
            .out_name("index")
            .typescript(false)
            .reset_state_function(true)
            .force_enable_abort_handler(true)
            .generate(output)
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:?}");
            ExitCode::FAILURE
        }
    }
}
