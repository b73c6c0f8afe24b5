//! Makes a change whole or not at all, asks on the terminal whether it shall stay, and says what became of it.
//!
//! `NETCONF_CONFIRM_TIMEOUT=30` sets for how many seconds the server keeps the change unconfirmed; 120 otherwise. Somewhat before that the
//! question is no longer waited for. `NETCONF_TEST_THEN_SET=1` validates with the edit, which netconfd needs: see [`Validation::TestThenSet`].
//!
//! `NETCONF_PASSWORD=… cargo run --example edit -- HOST PORT USER KNOWN_HOSTS EDIT.xml [INVERSE.xml]`

mod login;

use std::io::Write as _;
use std::time::Duration;

use netconf_client::Transaction;
use netconf_client::transaction::Validation;

/// How long the change stays unconfirmed, if nothing else is asked for; an unanswered question undoes it.
const ANSWER_LIMIT: Duration = Duration::from_secs(120);

async fn ask() -> Result<(), std::io::Error> {
    let question = "The change is in running. Keep it? Type yes: ";
    std::io::stderr().write_all(question.as_bytes())?;
    let (answer, answered) = tokio::sync::oneshot::channel();
    // A thread of its own: the program must not wait for an answer that nobody wants any more.
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = std::io::stdin().read_line(&mut line).map(|_| line);
        // Nobody wants it when the time is over.
        let _ = answer.send(read);
    });
    let line = answered.await.map_err(std::io::Error::other)??;
    if line.trim() == "yes" { Ok(()) } else { Err(std::io::Error::other("declined")) }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [host, port, user, known_hosts, edit, inverse @ ..] = &arguments[..] else {
        return Err("usage: edit HOST PORT USER KNOWN_HOSTS EDIT.xml [INVERSE.xml]".into());
    };
    let session = login::session(host, port, user, known_hosts).await?;
    let limit = match std::env::var("NETCONF_CONFIRM_TIMEOUT") {
        Ok(seconds) => Duration::from_secs(seconds.parse()?),
        Err(_) => ANSWER_LIMIT,
    };
    let mut change = Transaction::new(std::fs::read_to_string(edit)?).confirm_timeout(limit);
    if let [inverse, ..] = inverse {
        change = change.inverse(std::fs::read_to_string(inverse)?);
    }
    if std::env::var_os("NETCONF_TEST_THEN_SET").is_some() {
        change = change.validation(Validation::TestThenSet);
    }
    let mut out = std::io::stderr();
    match change.run(&session, ask).await {
        Ok(done) => {
            writeln!(out, "kept, by {:?}", done.guarantees.method)?;
            for weakness in &done.guarantees.weaknesses {
                writeln!(out, "note: {weakness}")?;
            }
        }
        Err(failed) => {
            let mut why = failed.to_string();
            let mut cause = std::error::Error::source(&failed);
            while let Some(next) = cause {
                why = format!("{why}: {next}");
                cause = next.source();
            }
            return Err(why.into());
        }
    }
    session.close().await?;
    Ok(())
}
