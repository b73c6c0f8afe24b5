//! `netchange yang validate`: data judged by a model.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::json;
use yang_schema::ValidateOptions;
use yang_schema::validate::DataKind as Kind;

use super::load;
use crate::cli_yang::{DataKind, ValidateArgs};
use crate::commands::FAILED;
use crate::commands::output::{json as print_json, line, say};
use crate::models::counted;

/// Largest file that is judged, in bytes: a large switch's whole configuration has a few MiB.
const MAX_FILE: u64 = 64 << 20;

pub(super) async fn run(args: ValidateArgs) -> Result<u8> {
    let text = read(&args.file)?;
    let schema = load::load(&args.model).await?;
    let kind = match args.kind {
        DataKind::Edit => Kind::Edit,
        DataKind::Data => Kind::Data,
        DataKind::Config => Kind::Config,
        DataKind::Rpc => Kind::Rpc,
        DataKind::Notification => Kind::Notification,
    };
    let problems = schema.validate_document(&text, kind, &ValidateOptions::new());
    let problems = problems.with_context(|| format!("cannot judge {}", args.file.display()))?;
    if args.json {
        print_json(&json!({"valid": problems.is_empty(), "problems": problems}))?;
    } else {
        for problem in &problems {
            match problem.line {
                // of JSON it is not known
                0 => line(&problem.to_string()),
                at => line(&format!("{at}:{}: {problem}", problem.column)),
            }
            if let Some(source) = &problem.source {
                line(&format!("    {} ({source})", problem.error_tag));
            }
        }
        say(&match problems.len() {
            0 => "The model allows it. What must and when say, only the device can judge.".to_owned(),
            count => format!("The model does not allow it: {}.", counted(count, "problem")),
        });
    }
    Ok(if problems.is_empty() { 0 } else { FAILED })
}

fn read(path: &Path) -> Result<String> {
    let mut text = String::new();
    let source: Box<dyn Read> = match path == Path::new("-") {
        true => Box::new(std::io::stdin().lock()),
        false => {
            Box::new(std::fs::File::open(path).with_context(|| format!("cannot open {}", path.display()))?)
        }
    };
    source
        .take(MAX_FILE + 1)
        .read_to_string(&mut text)
        .with_context(|| format!("cannot read {}", path.display()))?;
    if text.len() as u64 > MAX_FILE {
        bail!("{} is larger than 64 MiB", path.display());
    }
    Ok(text)
}
