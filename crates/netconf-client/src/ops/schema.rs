//! A server's own YANG modules: get-schema (RFC 6022) and the YANG library in both its forms (RFC 7895, RFC 8525).

use std::collections::HashSet;

use super::Get;
use crate::capabilities::Capabilities;
use crate::error::Error;
use crate::operation::{Effect, Operation, need};
use crate::reply::Reply;
use crate::xml;

const MONITORING_NS: &str = "urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring";
const LIBRARY_NS: &str = "urn:ietf:params:xml:ns:yang:ietf-yang-library";

/// Reads the text of a YANG module (RFC 6022, section 3.1); needs `ietf-netconf-monitoring`.
///
/// ```xml
/// <get-schema xmlns="urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring"><identifier>ietf-interfaces</identifier>
///   <version>2018-02-20</version></get-schema>
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetSchema {
    identifier: String,
    version: Option<String>,
    format: Option<String>,
}

impl GetSchema {
    /// The module or submodule of this name, in YANG.
    pub fn new(identifier: impl Into<String>) -> Self {
        GetSchema { identifier: identifier.into(), version: None, format: None }
    }

    /// This revision of it, `2018-02-20`; needed where a server has several.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// Another format: `yin`, `xsd`.
    #[must_use]
    pub fn format(mut self, format: impl Into<String>) -> Self {
        self.format = Some(format.into());
        self
    }
}

impl Operation for GetSchema {
    type Output = String;

    fn name(&self) -> &'static str {
        "get-schema"
    }

    fn effect(&self) -> Effect {
        Effect::Read
    }

    fn check(&self, capabilities: &Capabilities) -> Result<(), Error> {
        need(capabilities, self.name(), MONITORING_NS)?;
        let mut operation = String::new();
        self.write(&mut operation);
        xml::check_fragment(&operation, "get-schema", 2)
    }

    fn write(&self, xml: &mut String) {
        xml.push_str(&format!("<get-schema xmlns=\"{MONITORING_NS}\">"));
        xml::push_text_element("identifier", &self.identifier, xml);
        if let Some(version) = &self.version {
            xml::push_text_element("version", version, xml);
        }
        if let Some(format) = &self.format {
            xml::push_text_element("format", format, xml);
        }
        xml.push_str("</get-schema>");
    }

    /// The module's text, without the white space around it; of a format that is XML, the elements as they stand in the
    /// reply.
    fn read(&self, reply: Reply) -> Result<String, Error> {
        let elements = {
            let document = reply.tree()?;
            let children = document.root_element().children();
            let mut data = children.filter(|node| node.tag_name().name() == "data");
            data.next().is_some_and(|data| data.first_element_child().is_some())
        };
        if elements && let Some(data) = reply.data() {
            return Ok(data.trim().to_owned());
        }
        reply.child_text("data")?.ok_or_else(|| Error::UnexpectedReply {
            operation: self.name().to_owned(),
            reason: "it has no <data>".to_owned(),
        })
    }
}

/// One module a server has.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Module {
    /// Its name.
    pub name: String,
    /// Its revision, `2018-02-20`; `None` if it has none.
    pub revision: Option<String>,
    /// Its namespace.
    pub namespace: String,
    /// Whether the server implements it; else it is only imported by others.
    pub implemented: bool,
    /// The features the server supports.
    pub features: Vec<String>,
    /// The modules that deviate from it.
    pub deviations: Vec<String>,
    /// Its submodules: name and revision.
    pub submodules: Vec<(String, Option<String>)>,
}

/// What a server's YANG library says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct YangLibrary {
    /// The content-id or module-set-id: when it changes, so did the modules.
    pub content_id: Option<String>,
    /// All modules of all module sets, each once.
    pub modules: Vec<Module>,
}

/// Reads the YANG library (RFC 8525, and RFC 7895's form where a server has no other). Needs
/// `ietf-yang-library`, announced by `:yang-library` 1.0 or 1.1.
///
/// ```xml
/// <get><filter type="subtree"><yang-library xmlns="urn:ietf:params:xml:ns:yang:ietf-yang-library"/></filter></get>
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GetYangLibrary;

impl GetYangLibrary {
    /// The containers that are asked for; a server has one of them or both.
    fn query() -> Get {
        Get::new()
            .subtree(format!("<yang-library xmlns=\"{LIBRARY_NS}\"/><modules-state xmlns=\"{LIBRARY_NS}\"/>"))
    }
}

impl Operation for GetYangLibrary {
    type Output = YangLibrary;

    fn name(&self) -> &'static str {
        "get"
    }

    fn effect(&self) -> Effect {
        Effect::Read
    }

    fn check(&self, capabilities: &Capabilities) -> Result<(), Error> {
        use crate::capabilities::{YANG_LIBRARY_1_0, YANG_LIBRARY_1_1};
        let listed = capabilities.has(YANG_LIBRARY_1_0) || capabilities.has(LIBRARY_NS);
        if listed { Ok(()) } else { need(capabilities, "get of the YANG library", YANG_LIBRARY_1_1) }
    }

    fn write(&self, xml: &mut String) {
        Self::query().write(xml);
    }

    fn read(&self, reply: Reply) -> Result<YangLibrary, Error> {
        let document = reply.tree()?;
        let top = |name: &'static str| {
            document.descendants().find(move |node| node.has_tag_name((LIBRARY_NS, name)))
        };
        let library = match (top("yang-library"), top("modules-state")) {
            (Some(library), _) if library.has_children() => read_sets(library),
            (_, Some(state)) => read_state(state),
            (library, None) => library.and_then(read_sets),
        };
        library.ok_or_else(|| Error::UnexpectedReply {
            operation: "get of the YANG library".to_owned(),
            reason: "it has neither a complete yang-library nor modules-state".to_owned(),
        })
    }
}

type Node<'a, 'i> = roxmltree::Node<'a, 'i>;

fn text_of(node: Node<'_, '_>, name: &str) -> Option<String> {
    let child = node.children().find(|child| child.has_tag_name((LIBRARY_NS, name)))?;
    Some(child.text().unwrap_or("").trim().to_owned()).filter(|text| !text.is_empty())
}

fn texts_of(node: Node<'_, '_>, name: &str) -> Vec<String> {
    let children = node.children().filter(|child| child.has_tag_name((LIBRARY_NS, name)));
    children.filter_map(|child| child.text()).map(|text| text.trim().to_owned()).collect()
}

fn named<'a, 'i>(node: Node<'a, 'i>, name: &'static str) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(move |child| child.has_tag_name((LIBRARY_NS, name)))
}

fn read_module(node: Node<'_, '_>, implemented: bool) -> Option<Module> {
    let deviations = match named(node, "deviation").next().map(|first| text_of(first, "name")) {
        // RFC 7895 has name and revision, RFC 8525 the name itself.
        Some(Some(_)) => named(node, "deviation").filter_map(|one| text_of(one, "name")).collect(),
        _ => texts_of(node, "deviation"),
    };
    let submodules = named(node, "submodule");
    Some(Module {
        name: text_of(node, "name")?,
        revision: text_of(node, "revision"),
        namespace: text_of(node, "namespace")?,
        implemented,
        features: texts_of(node, "feature"),
        deviations,
        submodules: submodules
            .filter_map(|one| Some((text_of(one, "name")?, text_of(one, "revision"))))
            .collect(),
    })
}

/// RFC 8525. `None` if a module lacks what it must have.
fn read_sets(library: Node<'_, '_>) -> Option<YangLibrary> {
    let mut modules: Vec<Module> = Vec::new();
    let mut seen = HashSet::new();
    for set in named(library, "module-set") {
        for (kind, implemented) in [("module", true), ("import-only-module", false)] {
            for node in named(set, kind) {
                let module = read_module(node, implemented)?;
                if seen.insert(module.clone()) {
                    modules.push(module);
                }
            }
        }
    }
    Some(YangLibrary { content_id: text_of(library, "content-id"), modules })
}

/// RFC 7895. `None` if a module lacks what it must have.
fn read_state(state: Node<'_, '_>) -> Option<YangLibrary> {
    let implements = |node| text_of(node, "conformance-type").as_deref() == Some("implement");
    let modules = named(state, "module").map(|node| read_module(node, implements(node)));
    Some(YangLibrary {
        content_id: text_of(state, "module-set-id"),
        modules: modules.collect::<Option<_>>()?,
    })
}
