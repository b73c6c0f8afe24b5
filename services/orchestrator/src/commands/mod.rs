//! The commands, one file each.

mod changes;
#[cfg(feature = "lab")]
mod demo;
mod doctor;
#[cfg(feature = "lab")]
mod lab;
mod output;
mod plan;
mod serve;
mod show;
mod yang;

use std::fmt::Display;
use std::str::FromStr;

use crate::cli::{Cli, Command};
use crate::effects::chain;
use crate::settings::SettingsError;

/// Exit code of a command that failed or was refused.
pub(crate) const FAILED: u8 = 1;
/// Exit code of wrong usage or configuration.
pub(crate) const WRONG_USAGE: u8 = 2;

/// An argument that is none.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct UsageError(String);

/// Reads an argument.
fn argument<T: FromStr<Err: Display>>(text: &str) -> Result<T, UsageError> {
    text.parse().map_err(|error: T::Err| UsageError(error.to_string()))
}

/// Runs a command; its exit code.
pub(crate) async fn run(cli: Cli) -> u8 {
    let result = match cli.command {
        #[cfg(feature = "lab")]
        Command::Demo(args) => demo::run(args).await,
        #[cfg(feature = "lab")]
        Command::Lab(args) => lab::run(args).await,
        Command::Serve(args) => serve::run(args).await,
        Command::Doctor(args) => doctor::run(args).await,
        Command::Plan(args) => plan::run(args).await,
        Command::Show(command) => show::run(command).await,
        Command::Changes(command) => changes::run(command).await,
        Command::Yang(command) => yang::run(command).await,
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            output::say(&format!("netchange: {}", chain(&*error)));
            let usage = error.is::<SettingsError>() || error.is::<UsageError>();
            if usage { WRONG_USAGE } else { FAILED }
        }
    }
}
