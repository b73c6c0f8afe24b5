//! `netchange yang`: a model's tree, its nodes, RPCs built from it, data judged by it, releases compared.

mod load;
mod validate;

use anyhow::Result;
use serde_json::json;
use yang_schema::build::{Edit, Host, RpcKind, Store, Test};
use yang_schema::{Impact, SchemaDiff, SearchOptions, TreeOptions};

use super::FAILED;
use super::output::{json as print_json, line, say, table};
use crate::cli_yang::{
    DiffArgs, RpcArgs, RpcForm, RpcOperation, RpcStore, SearchArgs, ShowNodeArgs, TreeArgs, YangCommand,
};
use crate::models::counted;
use crate::telemetry::{self, Logs};

pub(super) async fn run(command: YangCommand) -> Result<u8> {
    telemetry::start(Logs::Quiet)?;
    match command {
        YangCommand::Tree(args) => tree(args).await,
        YangCommand::Search(args) => search(args).await,
        YangCommand::Show(args) => show(args).await,
        YangCommand::Rpc(args) => rpc(args).await,
        YangCommand::Validate(args) => validate::run(args).await,
        YangCommand::Diff(args) => diff(&args),
    }
}

async fn tree(args: TreeArgs) -> Result<u8> {
    let schema = load::load(&args.model).await?;
    let mut options = TreeOptions::new().config_only(args.config_only);
    options.depth = args.depth;
    let diagram = match &args.path {
        Some(path) => schema.find(path)?.tree(&options),
        None if args.model.modules.is_empty() => schema.tree(&options),
        None => {
            let modules = args.model.modules.iter().filter_map(|name| schema.module(name));
            modules.map(|module| module.tree(&options)).collect::<Vec<_>>().join("\n")
        }
    };
    line(diagram.trim_end());
    Ok(0)
}

async fn search(args: SearchArgs) -> Result<u8> {
    let schema = load::load(&args.model).await?;
    let options =
        SearchOptions::new().limit(args.limit).config_only(args.config_only).descriptions(!args.names_only);
    let found = schema.search(&args.words.join(" "), &options);
    if args.json {
        let hits: Vec<_> = found
            .hits
            .iter()
            .map(|hit| {
                json!({"path": hit.node.data_path(), "kind": hit.node.kind(), "config": hit.node.is_config(),
                    "type": hit.node.ty().map(|ty| ty.name()), "description": hit.node.description(), "score": hit.score})
            })
            .collect();
        print_json(&json!({"total": found.total, "hits": hits}))?;
    } else {
        let rows: Vec<Vec<String>> = found
            .hits
            .iter()
            .map(|hit| {
                let node = hit.node;
                let access = if node.is_config() { "rw" } else { "ro" };
                let what = node.ty().map_or(node.kind().keyword(), |ty| ty.name());
                vec![node.data_path(), access.to_owned(), what.to_owned()]
            })
            .collect();
        if !rows.is_empty() {
            table(&["PATH", "", "TYPE"], &rows);
        }
        if found.total > rows.len() {
            say(&format!("{} of {} shown; more with --limit", rows.len(), found.total));
        }
    }
    if found.total == 0 {
        say("Nothing found.");
        return Ok(FAILED);
    }
    Ok(0)
}

async fn show(args: ShowNodeArgs) -> Result<u8> {
    let schema = load::load(&args.model).await?;
    let page = schema.find(&args.path)?.page();
    if args.json {
        print_json(&page)?;
    } else {
        line(page.to_string().trim_end());
    }
    Ok(0)
}

async fn rpc(args: RpcArgs) -> Result<u8> {
    let schema = load::load(&args.model).await?;
    let mut builder = schema.rpc(kind_of(&args));
    let inputs = [
        (Edit::Set, &args.set),
        (Edit::Create, &args.create),
        (Edit::Replace, &args.replace),
        (Edit::Remove, &args.remove),
        (Edit::Delete, &args.delete),
    ];
    for (edit, inputs) in inputs {
        for input in inputs {
            builder = builder.edit(edit, input);
        }
    }
    let rpc = match builder.build() {
        Ok(rpc) => rpc,
        Err(problems) => {
            say("The model does not allow this:");
            problems.iter().for_each(|problem| say(&format!("- {problem}")));
            return Ok(FAILED);
        }
    };
    let host = Host::new(&args.host, &args.user);
    let text = match args.form {
        RpcForm::Message => rpc.message("1"),
        RpcForm::Data => rpc.data(),
        RpcForm::Curl => rpc.curl(&host),
        RpcForm::Python => rpc.ncclient(&host),
        RpcForm::Rust => rpc.rust(&host),
    };
    line(text.trim_end());
    Ok(0)
}

fn kind_of(args: &RpcArgs) -> RpcKind {
    let store = match args.store {
        RpcStore::Running => Store::Running,
        RpcStore::Candidate => Store::Candidate,
        RpcStore::Startup => Store::Startup,
    };
    match args.operation {
        RpcOperation::Edit => {
            RpcKind::EditConfig { target: store, test: args.test_only.then_some(Test::TestOnly) }
        }
        RpcOperation::GetConfig => RpcKind::GetConfig { source: store },
        RpcOperation::Get => RpcKind::Get,
        RpcOperation::Call => RpcKind::Call,
    }
}

fn diff(args: &DiffArgs) -> Result<u8> {
    let load = |folder| load::from_folders(std::slice::from_ref(folder), &args.modules, args.lenient);
    let diff = SchemaDiff::between(&load(&args.before)?, &load(&args.after)?, args.editorial);
    if args.json {
        print_json(&diff)?;
    } else {
        let text = diff.to_string();
        if !text.is_empty() {
            line(text.trim_end());
        }
        let breaking = diff.changes.iter().filter(|change| change.impact == Impact::Breaking).count();
        let changes = counted(diff.changes.len(), "change");
        say(&format!("{changes} of nodes, {breaking} of them can break a client (!)"));
    }
    Ok(if diff.impact() == Some(Impact::Breaking) { FAILED } else { 0 })
}
