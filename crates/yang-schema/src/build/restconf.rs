//! A built RPC as curl lines for RESTCONF (RFC 8040).

use super::snippet::{Host, shell};
use super::tree::{Forest, Instance};
use super::{Edit, Rpc, RpcKind, Store, xml};
use crate::json::JsonOptions;
use crate::schema::NodeKind;

/// One HTTP request.
struct Request {
    method: &'static str,
    /// Below `/restconf/`.
    path: String,
    body: Option<String>,
}

impl Rpc<'_> {
    /// The same over RESTCONF, as lines for a shell; `#` lines say where it is not quite the same.
    ///
    /// Merges become one PATCH for each top-level node, `replace` PUT, `create` POST, `delete` and `remove` DELETE,
    /// a filter one GET for each path, an rpc or action POST. curl asks for the password.
    #[must_use]
    pub fn curl(&self, host: &Host) -> String {
        let mut out = String::new();
        for note in self.notes() {
            out.push_str(&format!("# {note}\n"));
        }
        for request in self.requests() {
            let url = format!("https://{}/restconf/{}", host.authority(), request.path);
            let accept = "Accept: application/yang-data+json";
            out.push_str(&format!(
                "curl --fail-with-body --user {} -X {} -H {} {}",
                shell(&host.user),
                request.method,
                shell(accept),
                shell(&url)
            ));
            if let Some(body) = request.body {
                let content = shell("Content-Type: application/yang-data+json");
                out.push_str(&format!(" \\\n  -H {content} --data-binary {}", shell(&body)));
            }
            out.push('\n');
        }
        out
    }

    fn notes(&self) -> Vec<&'static str> {
        let mut notes = Vec::new();
        match self.kind {
            RpcKind::EditConfig { target, test } => {
                if target != Store::Running {
                    notes.push("RESTCONF edits the running datastore, at once.");
                }
                if test.is_some() {
                    notes.push("RESTCONF has no test-option: this changes the device.");
                }
                if self.requests().len() > 1 {
                    notes.push(
                        "Several requests: unlike one edit-config, they do not succeed or fail together.",
                    );
                }
                if self.edits().iter().any(|(edit, _)| *edit == Edit::Remove) {
                    notes.push("DELETE of what is not there is an error 404, unlike remove.");
                }
            }
            RpcKind::Get | RpcKind::GetConfig { .. } => {
                if matches!(self.kind, RpcKind::GetConfig { source } if source != Store::Running) {
                    notes.push("RESTCONF reads the running datastore.");
                }
                if self.selected().iter().any(|chain| self.nameable(chain).len() < chain.len()) {
                    notes.push(
                        "RESTCONF names entries by all their keys, or their value: what is above them is read in their place.",
                    );
                }
            }
            RpcKind::Call => {}
        }
        notes
    }

    fn requests(&self) -> Vec<Request> {
        match self.kind {
            RpcKind::EditConfig { .. } => self.edit_requests(),
            RpcKind::Get | RpcKind::GetConfig { .. } => {
                let query = if self.kind == RpcKind::Get { "" } else { "?content=config" };
                let mut paths: Vec<String> = Vec::new();
                for chain in self.selected() {
                    let resource = format!("data/{}", self.resource(self.nameable(&chain)));
                    let path = format!("{}{query}", resource.trim_end_matches('/'));
                    if !paths.contains(&path) {
                        paths.push(path);
                    }
                }
                paths.into_iter().map(|path| Request { method: "GET", path, body: None }).collect()
            }
            RpcKind::Call => self.call_request().into_iter().collect(),
        }
    }

    /// What a filter selects, each with what is above it; an empty chain is everything.
    fn selected(&self) -> Vec<Vec<&Instance>> {
        let mut chains = Vec::new();
        for top in &self.forest.tops {
            ends(top, &mut Vec::new(), &mut chains);
        }
        if chains.is_empty() {
            chains.push(Vec::new());
        }
        chains
    }

    /// What of a chain a path can name: entries only by all of their keys, or their value (RFC 8040 section 3.5.3).
    fn nameable<'c, 'f>(&self, chain: &'c [&'f Instance]) -> &'c [&'f Instance] {
        let is_named = |instance: &&Instance| {
            let node = self.schema.root().at(instance.node);
            match node.kind() {
                NodeKind::List => !instance.keys.is_empty() && instance.keys.len() == node.keys().count(),
                NodeKind::LeafList => instance.value.is_some(),
                _ => true,
            }
        };
        &chain[..chain.iter().position(|instance| !is_named(instance)).unwrap_or(chain.len())]
    }

    fn edit_requests(&self) -> Vec<Request> {
        let mut requests = Vec::new();
        for top in self.forest.tops.iter().filter_map(merged) {
            let path = format!("data/{}", self.resource(&[&top]));
            let body = self.body(&[&top]);
            requests.push(Request { method: "PATCH", path, body });
        }
        for (edit, chain) in self.edits() {
            let parent = &chain[..chain.len() - 1];
            let (method, target, body) = match edit {
                Edit::Create => ("POST", parent, self.body(&chain)),
                Edit::Delete | Edit::Remove => ("DELETE", &chain[..], None),
                Edit::Replace | Edit::Set => ("PUT", &chain[..], self.body(&chain)),
            };
            let path = format!("data/{}", self.resource(target));
            requests.push(Request { method, path: path.trim_end_matches('/').to_owned(), body });
        }
        requests
    }

    /// The instances with an operation, each with those above it.
    fn edits(&self) -> Vec<(Edit, Vec<&Instance>)> {
        let mut found = Vec::new();
        for top in &self.forest.tops {
            operations(top, &mut Vec::new(), &mut found);
        }
        found
    }

    fn call_request(&self) -> Option<Request> {
        let mut chain: Vec<&Instance> = Vec::new();
        let mut next = self.forest.tops.first();
        while let Some(instance) = next {
            chain.push(instance);
            let kind = self.schema.nodes[instance.node as usize].kind;
            if matches!(kind, NodeKind::Rpc | NodeKind::Action) {
                break;
            }
            next = instance.children.first();
        }
        let operation = *chain.last()?;
        let root = if chain.len() == 1 { "operations" } else { "data" };
        let path = format!("{root}/{}", self.resource(&chain));
        let body = (!operation.children.is_empty()).then(|| {
            let module = self.schema.root().at(operation.node).module().name().to_owned();
            self.body(&chain).map(|body| input(&body, &module))
        });
        Some(Request { method: "POST", path, body: body.flatten() })
    }

    /// The path of the resource (RFC 8040 section 3.5.3).
    fn resource(&self, chain: &[&Instance]) -> String {
        let mut steps = Vec::new();
        let mut module = None;
        for instance in chain {
            let node = self.schema.root().at(instance.node);
            let mut step = node.name().to_owned();
            if module != Some(node.module()) {
                step = format!("{}:{step}", node.module().name());
                module = Some(node.module());
            }
            let mut keys: Vec<String> = instance.keys.iter().map(|(_, fit)| encoded(&fit.text)).collect();
            if let Some(value) = instance.value.as_ref().filter(|_| node.kind() == NodeKind::LeafList) {
                keys.push(encoded(&value.text));
            }
            if !keys.is_empty() {
                step.push_str(&format!("={}", keys.join(",")));
            }
            steps.push(step);
        }
        steps.join("/")
    }

    /// The last instance of a chain as RFC 7951 JSON.
    fn body(&self, chain: &[&Instance]) -> Option<String> {
        let (last, above) = chain.split_last()?;
        let mut inner = (*last).clone();
        inner.edit = Edit::Set;
        for instance in above.iter().rev() {
            let mut outer = (*instance).clone();
            outer.edit = Edit::Set;
            outer.children = vec![inner];
            inner = outer;
        }
        let mut text = "<config>".to_owned();
        xml::write(self.schema, &inner, "", 0, &mut text);
        text.push_str("</config>");
        let document = roxmltree::Document::parse(&text).ok()?;
        let mut element = document.root_element();
        for instance in chain {
            let node = self.schema.root().at(instance.node);
            element = element.children().find(|child| child.has_tag_name((node.namespace(), node.name())))?;
        }
        self.schema.element_to_json_text(element, &JsonOptions::new()).ok()
    }
}

/// An rpc's own element in JSON as the `input` that RFC 8040 section 3.6.1 wants.
fn input(body: &str, module: &str) -> String {
    match serde_json::from_str::<serde_json::Value>(body) {
        Ok(serde_json::Value::Object(members)) => {
            let inner = members.into_iter().next().map(|(_, value)| value).unwrap_or_default();
            serde_json::json!({ format!("{module}:input"): inner }).to_string()
        }
        _ => body.to_owned(),
    }
}

/// What is merged of an instance: without operations, and without what only leads to one.
fn merged(instance: &Instance) -> Option<Instance> {
    if instance.edit != Edit::Set {
        return None;
    }
    let mut copy = instance.clone();
    copy.children = instance.children.iter().filter_map(merged).collect();
    (instance.children.is_empty() || !copy.children.is_empty()).then_some(copy)
}

fn operations<'f>(
    instance: &'f Instance,
    above: &mut Vec<&'f Instance>,
    found: &mut Vec<(Edit, Vec<&'f Instance>)>,
) {
    above.push(instance);
    if instance.edit != Edit::Set {
        found.push((instance.edit, above.clone()));
    } else {
        instance.children.iter().for_each(|child| operations(child, above, found));
    }
    above.pop();
}

fn ends<'f>(instance: &'f Instance, above: &mut Vec<&'f Instance>, found: &mut Vec<Vec<&'f Instance>>) {
    above.push(instance);
    if instance.children.is_empty() {
        found.push(above.clone());
    } else {
        instance.children.iter().for_each(|child| ends(child, above, found));
    }
    above.pop();
}

/// Percent-encoded, everything but letters, digits and `-._~`.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

impl Forest {
    /// Whether anything is selected or set.
    pub(super) fn is_empty(&self) -> bool {
        self.tops.is_empty()
    }
}
