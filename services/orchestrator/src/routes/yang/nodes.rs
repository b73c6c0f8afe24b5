//! Reading a model: its modules, one node, a search, a tree diagram. Every page is bounded.

use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;
use yang_schema::{Module, Node, NodeKind, NodePage, Schema, SearchOptions, TreeOptions};

use super::links::Link;
use super::{Drawn, Head, ROWS, Refusal, Shared, Source, Tab, draw, short, under};
use crate::models::Model;

/// Most lines of a tree diagram.
const TREE_LINES: usize = 1_000;
/// Most levels of a tree diagram.
const TREE_DEPTH: usize = 8;
/// Levels of a tree diagram unless said otherwise.
const TREE_DEPTH_AT_FIRST: usize = 2;
/// Hits of a search.
const HITS: usize = 100;

#[derive(Template)]
#[template(path = "yang/model.html")]
struct ModelPage {
    head: Head,
    summary: String,
    notes: Vec<String>,
    rows: Vec<ModuleRow>,
    next: Option<String>,
}

struct ModuleRow {
    name: String,
    href: String,
    revision: String,
    tops: usize,
    namespace: String,
}

#[derive(Template)]
#[template(path = "yang/node.html")]
struct NodeView {
    head: Head,
    path: String,
    crumbs: Vec<Crumb>,
    facts: Vec<Fact>,
    links: Vec<Link>,
    rows: Vec<NodeRow>,
    next: Option<String>,
}

struct Crumb {
    name: String,
    href: Option<String>,
}

struct Fact {
    label: String,
    texts: Vec<String>,
}

struct NodeRow {
    name: String,
    href: String,
    what: String,
    access: &'static str,
    description: String,
}

#[derive(Template)]
#[template(path = "yang/search.html")]
struct SearchPage {
    head: Head,
    config: bool,
    names: bool,
    summary: String,
    rows: Vec<NodeRow>,
}

#[derive(Template)]
#[template(path = "yang/tree.html")]
struct TreePage {
    head: Head,
    of: String,
    action: String,
    path: String,
    module: String,
    depth: usize,
    max_depth: usize,
    config: bool,
    cut: bool,
    max_lines: usize,
    tree: String,
}

/// How far down a list of rows a page begins.
#[derive(Debug, Default, Deserialize)]
pub(super) struct FromQuery {
    #[serde(default)]
    from: usize,
}

/// `GET /yang/{kind}/{name}`: the modules that have nodes.
pub(super) async fn model(
    request: HttpRequest,
    at: Path<(String, String)>,
    query: Query<FromQuery>,
    shared: Data<Shared>,
) -> HttpResponse {
    let from = query.from;
    draw(&request, &shared, at.into_inner(), move |source, model| model_page(source, model, from)).await
}

fn model_page(source: &Source, model: &Model, from: usize) -> Drawn {
    let schema = &model.schema;
    let mut tops = std::collections::HashMap::<&str, usize>::new();
    for node in schema.root().data_children() {
        *tops.entry(node.module().name()).or_default() += 1;
    }
    let mut modules: Vec<Module<'_>> = schema.modules().filter(Module::is_implemented).collect();
    modules.sort_by_key(|module| module.name());
    let all = modules.len();
    let rows = modules.into_iter().skip(from).take(ROWS).map(|module| {
        let tops = tops.get(module.name()).copied().unwrap_or(0);
        // A module without nodes of its own adds some to others: its tree shows them.
        let below = if tops > 0 { "node" } else { "tree" };
        ModuleRow {
            name: module.name().to_owned(),
            href: under(source, below, &[("module", module.name())]),
            revision: module.revision().unwrap_or_default().to_owned(),
            tops,
            namespace: module.namespace().to_owned(),
        }
    });
    let page = ModelPage {
        head: Head::new(source, Tab::Modules),
        summary: format!("{all} modules, {} nodes.", schema.node_count()),
        notes: model.notes.clone(),
        rows: rows.collect(),
        next: (from.saturating_add(ROWS) < all)
            .then(|| under(source, "", &[("from", &(from + ROWS).to_string())])),
    };
    Ok(page.render()?)
}

/// Which node, and from which of its children on.
#[derive(Debug, Default, Deserialize)]
pub(super) struct NodeQuery {
    #[serde(default)]
    path: String,
    /// At the top: only this module's nodes.
    #[serde(default)]
    module: String,
    #[serde(default)]
    from: usize,
}

/// `GET /yang/{kind}/{name}/node`: what the model says about a node, and what is below it.
pub(super) async fn node(
    request: HttpRequest,
    at: Path<(String, String)>,
    query: Query<NodeQuery>,
    shared: Data<Shared>,
) -> HttpResponse {
    let query = query.into_inner();
    draw(&request, &shared, at.into_inner(), move |source, model| node_page(source, &model.schema, &query))
        .await
}

fn node_page(source: &Source, schema: &Schema, query: &NodeQuery) -> Drawn {
    let node = find(schema, &query.path)?;
    let page = node.page();
    let is_top = page.kind == NodeKind::Root;
    let of_module = |name: &str| {
        query.module.is_empty() || !is_top || name.split_once(':').is_some_and(|(of, _)| of == query.module)
    };
    let below = if is_top { "/".to_owned() } else { format!("{}/", page.path) };
    let children: Vec<_> = page.children.iter().filter(|child| of_module(&child.name)).collect();
    let all = children.len();
    let rows = children.into_iter().skip(query.from).take(ROWS).map(|child| NodeRow {
        name: child.name.clone(),
        href: under(source, "node", &[("path", &format!("{below}{}", child.name))]),
        what: child.ty.clone().unwrap_or_else(|| child.kind.keyword().to_owned()),
        access: access(child.kind, child.config),
        description: child.description.clone().unwrap_or_default(),
    });
    let further = query.from.saturating_add(ROWS);
    let next = (further < all).then(|| {
        let from = further.to_string();
        under(source, "node", &[("path", &page.path), ("module", &query.module), ("from", &from)])
    });
    let view = NodeView {
        head: Head::new(source, Tab::Modules),
        path: if is_top && !query.module.is_empty() { query.module.clone() } else { page.path.clone() },
        crumbs: crumbs(source, node, &query.module),
        facts: if is_top { Vec::new() } else { facts(&page) },
        links: if is_top { Vec::new() } else { links(source, node, &page) },
        rows: rows.collect(),
        next,
    };
    Ok(view.render()?)
}

fn access(kind: NodeKind, config: bool) -> &'static str {
    match kind {
        NodeKind::Rpc | NodeKind::Action => "call",
        NodeKind::Notification => "told",
        NodeKind::Input => "write",
        _ if config => "read, write",
        _ => "read",
    }
}

/// The way from the top, each step a link but the last.
fn crumbs(source: &Source, node: Node<'_>, module: &str) -> Vec<Crumb> {
    let mut steps: Vec<Node<'_>> = std::iter::once(node).chain(node.ancestors()).collect();
    steps.retain(|step| !matches!(step.kind(), NodeKind::Choice | NodeKind::Case));
    steps.reverse();
    let last = steps.len() - 1;
    let mut crumbs = vec![Crumb { name: "modules".to_owned(), href: Some(under(source, "", &[])) }];
    for (index, step) in steps.into_iter().enumerate() {
        let path = step.data_path();
        let (name, href) = match step.kind() {
            NodeKind::Root => {
                let module = if module.is_empty() { node.module().name() } else { module };
                let named = !module.is_empty();
                let query: &[(&str, &str)] = if named { &[("module", module)] } else { &[] };
                (if named { module.to_owned() } else { "top".to_owned() }, under(source, "node", query))
            }
            _ => (step.name().to_owned(), under(source, "node", &[("path", &path)])),
        };
        crumbs.push(Crumb { name, href: (index != last).then_some(href) });
    }
    crumbs
}

/// The rows of a node's page, those of one name together.
fn facts(page: &NodePage) -> Vec<Fact> {
    let mut facts: Vec<Fact> = Vec::new();
    for (label, text) in page.rows() {
        let label = label.trim_start().to_owned();
        match facts.last_mut().filter(|last| last.label == label) {
            Some(last) => last.texts.push(text),
            None => facts.push(Fact { label, texts: vec![text] }),
        }
    }
    facts
}

/// What can be done with a node.
fn links(source: &Source, node: Node<'_>, page: &NodePage) -> Vec<Link> {
    let link = |name: &str, href| Link { name: name.to_owned(), href, current: false };
    let mut links = vec![link("Tree from here", under(source, "tree", &[("path", &page.path)]))];
    let in_operation = std::iter::once(node)
        .chain(node.ancestors())
        .any(|step| matches!(step.kind(), NodeKind::Rpc | NodeKind::Action));
    let path = with_keys(node);
    let rpc = |operation, lines: &str| under(source, "rpc", &[("operation", operation), ("lines", lines)]);
    match node.kind() {
        NodeKind::Notification => {}
        _ if in_operation => links.push(link("Build a call", rpc("call", &path))),
        kind => {
            links.push(link("Read it", rpc(if node.is_config() { "get-config" } else { "get" }, &page.path)));
            if node.is_config() && kind != NodeKind::Root {
                let empty = node.ty().is_some_and(|ty| ty.base_name() == "empty");
                let value = if kind.has_value() && !empty { "=" } else { "" };
                links.push(link("Build an edit", rpc("edit", &format!("{path}{value}"))));
            }
        }
    }
    links
}

/// A node's path with places for the keys of the entries on it: `/m:list[name='']/leaf`.
fn with_keys(node: Node<'_>) -> String {
    let mut steps: Vec<Node<'_>> = std::iter::once(node).chain(node.ancestors()).collect();
    steps.retain(|step| !matches!(step.kind(), NodeKind::Root | NodeKind::Choice | NodeKind::Case));
    steps.reverse();
    let mut path = String::new();
    let mut module = None;
    for step in steps {
        path.push('/');
        if module != Some(step.module()) {
            path.push_str(&format!("{}:", step.module().name()));
            module = Some(step.module());
        }
        path.push_str(step.name());
        for key in step.keys() {
            path.push_str(&format!("[{}='']", key.name()));
        }
    }
    path
}

fn find<'s>(schema: &'s Schema, path: &str) -> Result<Node<'s>, Refusal> {
    let path = short(path)?.trim();
    if path.is_empty() {
        return Ok(schema.root());
    }
    schema.find(path).map_err(|error| Refusal::not_found(error.to_string()))
}

/// What is searched for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct SearchQuery {
    #[serde(default)]
    q: String,
    config: Option<String>,
    names: Option<String>,
}

/// `GET /yang/{kind}/{name}/search`.
pub(super) async fn search(
    request: HttpRequest,
    at: Path<(String, String)>,
    query: Query<SearchQuery>,
    shared: Data<Shared>,
) -> HttpResponse {
    let query = query.into_inner();
    draw(&request, &shared, at.into_inner(), move |source, model| search_page(source, &model.schema, &query))
        .await
}

fn search_page(source: &Source, schema: &Schema, query: &SearchQuery) -> Drawn {
    let (config, names) = (query.config.is_some(), query.names.is_some());
    let options = SearchOptions::new().limit(HITS).config_only(config).descriptions(!names);
    let found = schema.search(short(&query.q)?, &options);
    let rows: Vec<NodeRow> = found
        .hits
        .iter()
        .map(|hit| {
            let (node, path) = (hit.node, hit.node.data_path());
            let description = node.description().unwrap_or_default();
            NodeRow {
                href: under(source, "node", &[("path", &path)]),
                name: path,
                what: node.ty().map_or(node.kind().keyword(), |ty| ty.name()).to_owned(),
                access: access(node.kind(), node.is_config()),
                description: first_line(description),
            }
        })
        .collect();
    let summary = match (query.q.trim().is_empty(), found.total) {
        (true, _) => "Words of a name, a description or a path; each must be found.".to_owned(),
        (_, 0) => "Nothing found.".to_owned(),
        (_, total) if total > rows.len() => format!("The best {} of {total}.", rows.len()),
        (_, total) => format!("{total} found."),
    };
    let page =
        SearchPage { head: Head::new(source, Tab::None).query(&query.q), config, names, summary, rows };
    Ok(page.render()?)
}

/// The beginning of a text, on one line.
fn first_line(text: &str) -> String {
    /// Signs that are shown.
    const SHOWN: usize = 160;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// What of the tree is drawn.
#[derive(Debug, Default, Deserialize)]
pub(super) struct TreeQuery {
    #[serde(default)]
    path: String,
    #[serde(default)]
    module: String,
    depth: Option<usize>,
    config: Option<String>,
}

/// `GET /yang/{kind}/{name}/tree`.
pub(super) async fn tree(
    request: HttpRequest,
    at: Path<(String, String)>,
    query: Query<TreeQuery>,
    shared: Data<Shared>,
) -> HttpResponse {
    let query = query.into_inner();
    draw(&request, &shared, at.into_inner(), move |source, model| tree_page(source, &model.schema, &query))
        .await
}

fn tree_page(source: &Source, schema: &Schema, query: &TreeQuery) -> Drawn {
    let depth = query.depth.unwrap_or(TREE_DEPTH_AT_FIRST).clamp(1, TREE_DEPTH);
    let config = query.config.is_some();
    let options = TreeOptions::new().depth(depth).config_only(config).max_lines(TREE_LINES);
    let node = find(schema, &query.path)?;
    let (of, tree) = match (node.kind(), query.module.as_str()) {
        (NodeKind::Root, "") => ("all modules".to_owned(), schema.tree(&options)),
        (NodeKind::Root, name) => {
            let module = schema.module(name);
            let module = module.ok_or_else(|| Refusal::not_found(format!("there is no module {name}")))?;
            (name.to_owned(), module.tree(&options))
        }
        _ => (node.data_path(), node.tree(&options)),
    };
    let page = TreePage {
        head: Head::new(source, Tab::Tree),
        action: under(source, "tree", &[]),
        path: if node.kind() == NodeKind::Root { String::new() } else { node.data_path() },
        module: if node.kind() == NodeKind::Root { query.module.clone() } else { String::new() },
        of,
        depth,
        max_depth: TREE_DEPTH,
        config,
        cut: tree.ends_with("\n...\n"),
        max_lines: TREE_LINES,
        tree,
    };
    Ok(page.render()?)
}
