//! The operations that read: get, get-config, get-schema.

use roxmltree::Node as Xml;

use super::device::{Datastore, Device};
use super::error::RpcError;
use super::filter::{self, Wanted};
use super::offers::{MONITORING, WITH_DEFAULTS};
use super::rpc::{Answer, Call, refuse, strange_namespace};
use super::shape::Shape;
use super::state;
use super::tree::{Node, escape};
use super::xml::{self, NETCONF};
use super::xpath::XPath;

/// Which defaults a reply holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WithDefaults {
    /// Those that were configured.
    Explicit,
    /// All.
    ReportAll,
    /// All, and those that were not configured are marked.
    ReportAllTagged,
}

impl WithDefaults {
    fn add(self, data: &mut Node, model: &Shape) {
        if self != Self::Explicit {
            model.add_defaults(data, self == Self::ReportAllTagged);
            model.normalize(data);
        }
    }
}

impl Device {
    /// RFC 6241 7.1.
    pub(crate) fn get_config(&mut self, call: &Call<'_, '_>) -> Answer {
        call.only(&["source", "filter", "with-defaults"])?;
        let source = self.datastore(call, "source")?;
        let defaults = self.with_defaults(call)?;
        let mut data = self.read(source);
        let model = self.model.clone();
        defaults.add(&mut data, &model.shape);
        self.filtered(call, &data, &model.shape)
    }

    /// RFC 6241 7.7: running, and what the switch knows of itself.
    pub(crate) fn get(&mut self, call: &Call<'_, '_>) -> Answer {
        call.only(&["filter", "with-defaults"])?;
        let defaults = self.with_defaults(call)?;
        let mut data = self.running.clone();
        defaults.add(&mut data, &self.model.shape);
        data.children.extend(state::nodes(self));
        let mut shape = self.model.shape.clone();
        shape.children.extend(state::shapes());
        self.filtered(call, &data, &shape)
    }

    fn filtered(&self, call: &Call<'_, '_>, data: &Node, model: &Shape) -> Answer {
        let Some(filter) = call.param("filter") else {
            return Ok(in_data(data));
        };
        let kind =
            filter.attribute("type").or_else(|| filter.attribute((NETCONF, "type"))).unwrap_or("subtree");
        let selection = match kind {
            "subtree" => {
                let wanted: Vec<Wanted> = xml::elements(filter).map(Wanted::read).collect();
                filter::select(data, &wanted)
            }
            "xpath" if self.offers.xpath => {
                let select = xpath(filter)?.select(data);
                select.map_err(|reason| vec![bad_select(&reason)])?
            }
            "xpath" => return refuse(RpcError::unsupported("the switch does not offer xpath filters")),
            other => {
                let error =
                    RpcError::protocol("bad-attribute", &format!("filter type {other:?} is not known"));
                return refuse(error.info("bad-attribute", "type").info("bad-element", "filter"));
            }
        };
        Ok(in_data(&selection.copy(data, Some(model))))
    }

    /// RFC 6243 4.5.1.
    pub(crate) fn with_defaults(&self, call: &Call<'_, '_>) -> Result<WithDefaults, Vec<RpcError>> {
        let element = xml::elements(call.op).find(|child| xml::is(*child, WITH_DEFAULTS, "with-defaults"));
        let Some(mode) = element.map(xml::word) else {
            return Ok(WithDefaults::Explicit);
        };
        if !self.offers.with_defaults {
            return refuse(RpcError::unsupported("the switch does not offer with-defaults"));
        }
        match mode.as_str() {
            "explicit" => Ok(WithDefaults::Explicit),
            "report-all" => Ok(WithDefaults::ReportAll),
            "report-all-tagged" => Ok(WithDefaults::ReportAllTagged),
            _ => refuse(RpcError::invalid(
                "with-defaults",
                &format!("with-defaults mode {mode:?} is not offered"),
            )),
        }
    }

    /// The datastore that a `source` or `target` names.
    pub(crate) fn datastore(&self, call: &Call<'_, '_>, param: &str) -> Result<Datastore, Vec<RpcError>> {
        self.datastore_named(named(call, param)?)
    }

    /// The datastore of that element name, if the switch has it.
    pub(crate) fn datastore_named(&self, named: Xml<'_, '_>) -> Result<Datastore, Vec<RpcError>> {
        let (name, ns) = (named.tag_name().name(), named.tag_name().namespace().unwrap_or_default());
        if ns != NETCONF {
            return refuse(strange_namespace(name, ns));
        }
        match name {
            "running" => Ok(Datastore::Running),
            "candidate" if self.offers.candidate => Ok(Datastore::Candidate),
            "startup" if self.offers.startup => Ok(Datastore::Startup),
            _ => refuse(RpcError::invalid(name, &format!("the switch has no datastore {name}"))),
        }
    }

    /// RFC 6022 3.1.
    pub(crate) fn get_schema(&mut self, call: &Call<'_, '_>) -> Answer {
        call.only(&["identifier", "version", "format"])?;
        let word = |name: &str| {
            let element = xml::elements(call.op).find(|child| xml::is(*child, MONITORING, name));
            element.map(xml::word)
        };
        let Some(identifier) = word("identifier") else {
            return refuse(RpcError::missing("identifier"));
        };
        let format = word("format").unwrap_or_else(|| "yang".to_owned());
        if format.rsplit(':').next() != Some("yang") {
            return refuse(RpcError::invalid("format", &format!("schemas are not offered as {format:?}")));
        }
        let version = word("version").filter(|version| !version.is_empty());
        let module = self.model.modules.iter().find(|module| {
            module.name == identifier && version.as_ref().is_none_or(|version| *version == module.revision)
        });
        match module {
            Some(module) => Ok(format!("<data xmlns=\"{MONITORING}\">{}</data>", escape_block(&module.text))),
            None => refuse(RpcError::invalid("identifier", &format!("there is no schema {identifier:?}"))),
        }
    }
}

/// The one element in a `source` or `target`.
pub(crate) fn named<'a, 'input>(
    call: &Call<'a, 'input>,
    param: &str,
) -> Result<Xml<'a, 'input>, Vec<RpcError>> {
    let mut inside = call.param(param).into_iter().flat_map(xml::elements);
    match (inside.next(), inside.next()) {
        (Some(named), None) => Ok(named),
        (None, _) => refuse(RpcError::missing(param)),
        (Some(_), Some(second)) => {
            let error = RpcError::protocol("bad-element", &format!("{param} has one element"));
            refuse(error.info("bad-element", second.tag_name().name()))
        }
    }
}

/// Escapes a text of several lines for reading.
fn escape_block(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| escape(line).replace("&#9;", "\t")).collect();
    let mut block = lines.join("\n");
    block.push('\n');
    block
}

fn in_data(data: &Node) -> String {
    format!("<data>{}</data>", data.children_xml(NETCONF))
}

/// The expression of an xpath filter.
pub(crate) fn xpath(filter: Xml<'_, '_>) -> Result<XPath, Vec<RpcError>> {
    let select = filter.attribute("select").or_else(|| filter.attribute((NETCONF, "select")));
    let Some(select) = select else {
        let error = RpcError::protocol("missing-attribute", "an xpath filter needs select");
        return refuse(error.info("bad-attribute", "select").info("bad-element", "filter"));
    };
    let namespace = |prefix: &str| filter.lookup_namespace_uri(Some(prefix)).map(str::to_owned);
    XPath::parse(select, &namespace).map_err(|reason| vec![bad_select(&reason)])
}

/// An expression that a filter cannot be.
pub(crate) fn bad_select(reason: &str) -> RpcError {
    let error = RpcError::protocol("bad-attribute", &format!("select: {reason}"));
    error.info("bad-attribute", "select").info("bad-element", "filter")
}
