//! Search over paths, names and descriptions, best first.

use regex::{Regex, RegexBuilder};

use crate::schema::{Node, NodeKind, Schema, Status};

/// Most words of a query; more are ignored.
const MAX_WORDS: usize = 8;
/// Most steps of one word (`interface/GigabitEthernet/mtu`).
const MAX_STEPS: usize = 16;

/// What is searched, and how much is given back.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SearchOptions {
    /// Most hits given back.
    pub limit: usize,
    /// Only configuration.
    pub config_only: bool,
    /// Look into descriptions too.
    pub descriptions: bool,
    /// Only nodes of this module.
    pub module: Option<String>,
}

impl Default for SearchOptions {
    fn default() -> Self {
        Self { limit: 50, config_only: false, descriptions: true, module: None }
    }
}

impl SearchOptions {
    /// The defaults: 50 hits, state too, descriptions too, all modules.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Most hits given back.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Whether state, rpcs and notifications are left out.
    #[must_use]
    pub fn config_only(mut self, only: bool) -> Self {
        self.config_only = only;
        self
    }

    /// Whether descriptions are looked into.
    #[must_use]
    pub fn descriptions(mut self, searched: bool) -> Self {
        self.descriptions = searched;
        self
    }

    /// Only nodes of one module.
    #[must_use]
    pub fn module(mut self, name: impl Into<String>) -> Self {
        self.module = Some(name.into());
        self
    }
}

/// A node found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hit<'s> {
    /// The node.
    pub node: Node<'s>,
    /// The higher the better; comparable within one search only.
    pub score: i32,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Found<'s> {
    /// The best, best first.
    pub hits: Vec<Hit<'s>>,
    /// How many there are in all.
    pub total: usize,
}

impl Schema {
    /// Searches the tree.
    ///
    /// A query is words separated by white space. Each must be found in a node's name, in its description, or in
    /// the names above it, and one of them at least in the node itself. A word with slashes is a path of such
    /// words, its last step the node's own name: `GigabitEthernet/mtu`; with a slash in front it begins at the
    /// top. `module:name` asks for a module by its name or prefix. Letter case does not matter.
    ///
    /// Whole names come before beginnings, words within names, parts of words, and descriptions; then the
    /// shallower path comes first.
    #[must_use]
    pub fn search(&self, query: &str, options: &SearchOptions) -> Found<'_> {
        let words: Vec<Word> = query.split_whitespace().take(MAX_WORDS).map(Word::new).collect();
        if words.is_empty() {
            return Found { hits: Vec::new(), total: 0 };
        }
        let mut search = Search::new(self, options, &words);
        search.below(0, 0, [Progress::default(); MAX_WORDS]);
        let mut hits = search.hits;
        let total = hits.len();
        hits.sort_unstable_by_key(|(score, depth, id)| (-score, *depth, *id));
        hits.truncate(options.limit);
        let hits = hits.into_iter().map(|(score, _, id)| Hit { node: self.root().at(id), score }).collect();
        Found { hits, total }
    }
}

/// A word of the query.
struct Word {
    steps: Vec<Step>,
    from_top: bool,
    /// Finds it in a description; only words of one step are looked for there.
    text: Option<Regex>,
}

struct Step {
    module: Option<String>,
    name: String,
}

impl Word {
    fn new(word: &str) -> Self {
        let steps: Vec<Step> = word
            .split('/')
            .filter(|step| !step.is_empty())
            .take(MAX_STEPS)
            .map(|step| {
                let step = step.split('[').next().unwrap_or(step).to_lowercase();
                match step.split_once(':') {
                    Some((module, name)) => Step { module: Some(module.to_owned()), name: name.to_owned() },
                    None => Step { module: None, name: step },
                }
            })
            .collect();
        let plain = !word.contains(['/', ':']);
        let text = plain
            .then(|| RegexBuilder::new(&regex::escape(word)).case_insensitive(true).build().ok())
            .flatten();
        Self { steps, from_top: word.starts_with('/'), text }
    }
}

/// How far the nodes above have satisfied a word, and how well.
#[derive(Clone, Copy, Default)]
struct Progress {
    steps: u8,
    score: i32,
}

struct Search<'s> {
    schema: &'s Schema,
    options: &'s SearchOptions,
    words: &'s [Word],
    /// Per word and step, per name: how well they fit. 0 is not at all.
    names: Vec<Vec<Vec<u8>>>,
    /// Per word, per definition: whether its description has the word; found out when needed.
    descriptions: Vec<Vec<Option<bool>>>,
    hits: Vec<(i32, usize, u32)>,
}

impl<'s> Search<'s> {
    fn new(schema: &'s Schema, options: &'s SearchOptions, words: &'s [Word]) -> Self {
        let names = words
            .iter()
            .map(|word| {
                let fits = |step: &Step| schema.names.texts().map(|name| fit(name, &step.name)).collect();
                word.steps.iter().map(fits).collect()
            })
            .collect();
        let descriptions = words.iter().map(|_| vec![None; schema.defs.len()]).collect();
        Self { schema, options, words, names, descriptions, hits: Vec::new() }
    }

    fn below(&mut self, parent: u32, depth: usize, progress: [Progress; MAX_WORDS]) {
        let mut next = self.schema.nodes[parent as usize].first_child;
        while next != 0 {
            let data = &self.schema.nodes[next as usize];
            let transparent = matches!(data.kind, NodeKind::Choice | NodeKind::Case);
            if !(self.options.config_only && !data.config && !transparent) {
                let progress = if transparent { progress } else { self.visit(next, depth, progress) };
                if data.first_child != 0 {
                    self.below(next, depth + usize::from(!transparent), progress);
                }
            }
            next = data.next;
        }
    }

    /// Judges a node; what the nodes below it inherit.
    fn visit(&mut self, id: u32, depth: usize, inherited: [Progress; MAX_WORDS]) -> [Progress; MAX_WORDS] {
        let mut progress = inherited;
        let (mut all, mut own_any, mut score) = (true, false, 0_i32);
        for (index, word) in self.words.iter().enumerate() {
            let before = inherited[index];
            let last = word.steps.len().saturating_sub(1);
            // the step that would come next, and the last step again for a deeper node
            let due = usize::from(before.steps).min(last);
            let due_fit = self.step_fit(index, due, id, depth);
            let own = if due == last { due_fit } else { 0 };
            if due_fit > 0 && usize::from(before.steps) < word.steps.len() {
                progress[index].steps += 1;
                progress[index].score = before.score.max(i32::from(due_fit) / 4);
            }
            let described = if own == 0 && self.is_described(index, id) { DESCRIPTION } else { 0 };
            let best = own.max(described);
            own_any |= best > 0;
            let satisfied = usize::from(before.steps) == word.steps.len();
            all &= best > 0 || satisfied;
            score += i32::from(best).max(if satisfied { before.score } else { 0 });
        }
        let data = &self.schema.nodes[id as usize];
        let is_hit = all && own_any && !matches!(data.kind, NodeKind::Input | NodeKind::Output);
        if is_hit && self.is_wanted(data.module) {
            let def = &self.schema.defs[data.def as usize];
            score -= match def.status {
                Status::Current => 0,
                Status::Deprecated => 10,
                Status::Obsolete => 20,
            };
            score -= i32::try_from(depth.min(15)).unwrap_or(15);
            self.hits.push((score, depth, id));
        }
        progress
    }

    fn step_fit(&self, word: usize, step: usize, id: u32, depth: usize) -> u8 {
        let Some(wanted) = self.words[word].steps.get(step) else {
            return 0;
        };
        if self.words[word].from_top && step == 0 && depth > 0 {
            return 0;
        }
        let data = &self.schema.nodes[id as usize];
        let fit = self.names[word][step][data.name.0 as usize];
        match &wanted.module {
            Some(module) if fit > 0 => {
                let home = &self.schema.modules[data.module as usize];
                let is_it =
                    home.name.eq_ignore_ascii_case(module) || home.prefix.eq_ignore_ascii_case(module);
                if is_it { fit } else { 0 }
            }
            _ => fit,
        }
    }

    fn is_described(&mut self, word: usize, id: u32) -> bool {
        let Some(text) = self.words[word].text.as_ref().filter(|_| self.options.descriptions) else {
            return false;
        };
        let def = self.schema.nodes[id as usize].def as usize;
        let schema = self.schema;
        *self.descriptions[word][def].get_or_insert_with(|| {
            schema.defs[def].description.is_some_and(|at| text.is_match(schema.arg(at)))
        })
    }

    fn is_wanted(&self, module: u16) -> bool {
        let wanted = self.options.module.as_deref();
        wanted.is_none_or(|wanted| &*self.schema.modules[module as usize].name == wanted)
    }
}

/// What a word in a description counts.
const DESCRIPTION: u8 = 12;

/// How well a name fits a word in lower case: whole, beginning, a word of it, a word's beginning, a part.
fn fit(name: &str, word: &str) -> u8 {
    if word.is_empty() || name.len() < word.len() {
        return 0;
    }
    let lower = name.to_lowercase();
    if lower == word {
        return 100;
    }
    let Some(at) = lower.find(word) else { return 0 };
    if at == 0 {
        let ends_there = !lower[word.len()..].starts_with(char::is_alphanumeric);
        return if ends_there { 70 } else { 60 };
    }
    let at_word = |at: usize| !lower[..at].ends_with(char::is_alphanumeric);
    let words: Vec<usize> = lower.match_indices(word).map(|(at, _)| at).filter(|at| at_word(*at)).collect();
    if words.iter().any(|at| !lower[at + word.len()..].starts_with(char::is_alphanumeric)) {
        return 55;
    }
    if words.is_empty() { 30 } else { 45 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_names_fit_best() {
        let order = ["vlan", "vlan-id", "vlans", "native-vlan-tag", "native-vlans", "ivlan"];
        let fits: Vec<u8> = order.iter().map(|name| fit(name, "vlan")).collect();
        assert!(fits.windows(2).all(|pair| pair[0] > pair[1]), "{fits:?}");
        assert_eq!(fit("mtu", "vlan"), 0);
        assert_eq!(fit("mtu", ""), 0);
    }
}
