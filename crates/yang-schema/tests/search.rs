//! The search finds what a plain one finds: one that looks at every node, word by word, and sorts everything.
#![expect(clippy::unwrap_used, reason = "a test whose models do not compile has failed")]

use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;
use yang_schema::{CompileOptions, Features, ModuleSet, Node, NodeKind, Schema, SearchOptions, Status};

#[path = "../benches/synthetic/mod.rs"]
mod synthetic;

fn folder(name: &str) -> Schema {
    let mut set = ModuleSet::new();
    set.add_directory(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)).unwrap();
    set.compile(&CompileOptions::new().features(Features::All)).unwrap()
}

/// Choices, deviations that take nodes away, rpcs, statuses, letters of other scripts.
const ODDITIES: &str = r#"
    module odd {
      yang-version 1.1; namespace urn:odd; prefix o;
      typedef mtu { type uint16; description "MTU"; }
      container top {
        description "Kelvin and the long s; Die Größe";
        choice how {
          case speed { leaf speed-kbps { type uint32; description "in kbps, GRÖSSE"; } }
          leaf speed-auto { type empty; status deprecated; description "Auto speed"; }
          container ivlan-vlan { status obsolete; leaf vlan { type string; } leaf-list vlans { type string; } }
        }
        container gone { leaf vlan { type string; } container deeper { leaf vlan-id { type string; } } }
        leaf vlan { type string; }
        list vlan-list { key vlan-id; leaf vlan-id { type uint16; } leaf xaaa { type mtu; }
          action reset { input { leaf vlan { type string; } } output { leaf speed { type string; } } }
          notification vlan-gone { leaf vlan { type string; } } }
      }
      container state { config false; leaf vlan { type string; description "the vlan of top"; } }
      rpc clear-vlan { input { leaf vlan { type string; } } }
    }"#;
const DEVIATIONS: &str = r#"
    module odd-more {
      yang-version 1.1; namespace urn:more; prefix m; import odd { prefix o; }
      deviation /o:top/o:gone { deviate not-supported; }
      augment /o:top { container vlan { leaf vlan { type string; description "K K ſpeed"; } } }
      augment /o:top/o:how { case more { leaf mtu { type o:mtu; description "µ of the MTU"; } } }
    }"#;

static SCHEMAS: LazyLock<Vec<Schema>> = LazyLock::new(|| {
    let mut odd = ModuleSet::new();
    odd.add_text("odd.yang", ODDITIES).unwrap();
    odd.add_text("odd-more.yang", DEVIATIONS).unwrap();
    let mut made_up = ModuleSet::new();
    for (name, text) in synthetic::release(14) {
        made_up.add_text(&name, &text).unwrap();
    }
    vec![
        odd.compile(&CompileOptions::new()).unwrap(),
        made_up.compile(&CompileOptions::new()).unwrap(),
        folder("models"),
        folder("models-fleet"),
        folder("models-edges"),
    ]
});

mod plain {
    //! The search as its documentation describes it, and no faster.
    use super::*;

    struct Step {
        module: Option<String>,
        name: String,
    }

    struct Word {
        steps: Vec<Step>,
        from_top: bool,
        text: Option<regex::Regex>,
    }

    #[derive(Clone, Copy, Default)]
    struct Progress {
        steps: usize,
        score: i32,
    }

    fn word(word: &str) -> Word {
        let steps = word.split('/').filter(|step| !step.is_empty()).take(16).map(|step| {
            let step = step.split('[').next().unwrap().to_lowercase();
            match step.split_once(':') {
                Some((module, name)) => Step { module: Some(module.to_owned()), name: name.to_owned() },
                None => Step { module: None, name: step },
            }
        });
        let text = (!word.contains(['/', ':']))
            .then(|| regex::RegexBuilder::new(&regex::escape(word)).case_insensitive(true).build().unwrap());
        Word { steps: steps.collect(), from_top: word.starts_with('/'), text }
    }

    /// Whole, beginning, a word of it, a word's beginning, a part.
    fn fit(name: &str, word: &str) -> i32 {
        let lower = name.to_lowercase();
        if word.is_empty() || !lower.contains(word) {
            return 0;
        }
        if lower == word {
            return 100;
        }
        let ends = |at: usize| !lower[at + word.len()..].starts_with(char::is_alphanumeric);
        if lower.starts_with(word) {
            return if ends(0) { 70 } else { 60 };
        }
        let begins = |at: &usize| !lower[..*at].ends_with(char::is_alphanumeric);
        let words: Vec<usize> = lower.match_indices(word).map(|(at, _)| at).filter(begins).collect();
        match (words.is_empty(), words.iter().any(|at| ends(*at))) {
            (true, _) => 30,
            (false, true) => 55,
            (false, false) => 45,
        }
    }

    fn step_fit(word: &Word, step: usize, node: Node<'_>, depth: usize) -> i32 {
        let Some(wanted) = word.steps.get(step) else { return 0 };
        if word.from_top && step == 0 && depth > 0 {
            return 0;
        }
        let (name, prefix) = (node.module().name(), node.module().prefix());
        let of_module = wanted
            .module
            .as_ref()
            .is_none_or(|module| name.eq_ignore_ascii_case(module) || prefix.eq_ignore_ascii_case(module));
        if of_module { fit(node.name(), &wanted.name) } else { 0 }
    }

    struct Search<'o> {
        words: Vec<Word>,
        options: &'o SearchOptions,
        /// Score, depth, and number in the order of the schema; the node's path.
        hits: Vec<(i32, usize, yang_schema::NodeId)>,
    }

    impl Search<'_> {
        fn below(&mut self, parent: Node<'_>, depth: usize, progress: &[Progress]) {
            for node in parent.children() {
                let transparent = matches!(node.kind(), NodeKind::Choice | NodeKind::Case);
                if self.options.config_only && !node.is_config() && !transparent {
                    continue;
                }
                let progress =
                    if transparent { progress.to_vec() } else { self.visit(node, depth, progress) };
                self.below(node, depth + usize::from(!transparent), &progress);
            }
        }

        fn visit(&mut self, node: Node<'_>, depth: usize, inherited: &[Progress]) -> Vec<Progress> {
            let mut progress = inherited.to_vec();
            let (mut all, mut any, mut score) = (true, false, 0);
            for (index, word) in self.words.iter().enumerate() {
                let before = inherited[index];
                let last = word.steps.len().saturating_sub(1);
                let due = before.steps.min(last);
                let fit = step_fit(word, due, node, depth);
                if fit > 0 && before.steps < word.steps.len() {
                    progress[index] = Progress { steps: before.steps + 1, score: before.score.max(fit / 4) };
                }
                let own = if due == last { fit } else { 0 };
                let text = word.text.as_ref().filter(|_| self.options.descriptions && own == 0);
                let described = text.zip(node.description()).is_some_and(|(text, said)| text.is_match(said));
                let best = own.max(if described { 12 } else { 0 });
                let satisfied = before.steps == word.steps.len();
                all &= best > 0 || satisfied;
                any |= best > 0;
                score += best.max(if satisfied { before.score } else { 0 });
            }
            let wanted = self.options.module.as_deref().is_none_or(|name| node.module().name() == name);
            if all && any && wanted && !matches!(node.kind(), NodeKind::Input | NodeKind::Output) {
                score -= match node.status() {
                    Status::Current => 0,
                    Status::Deprecated => 10,
                    Status::Obsolete => 20,
                };
                score -= i32::try_from(depth.min(15)).unwrap();
                self.hits.push((score, depth, node.id()));
            }
            progress
        }
    }

    /// The scores and paths of the best, and how many there are.
    pub(super) fn search(
        schema: &Schema,
        query: &str,
        options: &SearchOptions,
    ) -> (Vec<(i32, String)>, usize) {
        let words: Vec<Word> = query.split_whitespace().take(8).map(word).collect();
        if words.is_empty() {
            return (Vec::new(), 0);
        }
        let start = vec![Progress::default(); words.len()];
        let mut search = Search { words, options, hits: Vec::new() };
        search.below(schema.root(), 0, &start);
        let mut hits = search.hits;
        let total = hits.len();
        hits.sort_by_key(|(score, depth, id)| (-score, *depth, *id));
        hits.truncate(options.limit);
        let path = |id| schema.node(id).unwrap().schema_path();
        (hits.into_iter().map(|(score, _, id)| (score, path(id))).collect(), total)
    }
}

fn agree(schema: &Schema, query: &str, options: &SearchOptions) -> usize {
    let found = schema.search(query, options);
    let hits: Vec<_> = found.hits.iter().map(|hit| (hit.score, hit.node.schema_path())).collect();
    let plain = plain::search(schema, query, options);
    assert_eq!((hits, found.total), plain, "{query:?} with {options:?}");
    found.total
}

/// Words of names and of descriptions, paths, modules, nonsense, more words than count.
const QUERIES: &[&str] = &[
    "vlan",
    "VLAN",
    "e",
    "ſ",
    "k",
    "K",
    "größe",
    "GRÖSSE",
    "aa",
    "/",
    "/ vlan",
    "//",
    ":",
    "o:",
    ":vlan",
    "o:vlan",
    "m:vlan o:top",
    "/top/vlan",
    "top/vlan",
    "/vlan",
    "top/top",
    "top vlan",
    "vlan top",
    "vlan vlan",
    "[",
    "vlan[1]",
    "vlan[",
    "top/vlan-list[vlan-id=1]/vlan-id",
    "kelvin s",
    "µ",
    "e e e e e e e e",
    "e t a o i n s r qqqq",
    "qqqq",
    "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r",
    "leaf3 platform",
    "native interface leaf",
    "/native/interface/Type3/name",
    "the vlan of top",
    "speed auto",
    "\u{1F600}",
    "syn-oper10:leaf3",
    "nat:native type1 name",
];

#[test]
fn what_is_everywhere_and_what_is_nowhere_is_found_as_a_plain_search_finds_it() {
    let options = [
        SearchOptions::new(),
        SearchOptions::new().limit(0),
        SearchOptions::new().limit(1),
        SearchOptions::new().limit(usize::MAX),
        SearchOptions::new().config_only(true),
        SearchOptions::new().descriptions(false).limit(7),
        SearchOptions::new().module("odd-more"),
    ];
    let mut found = 0;
    for schema in SCHEMAS.iter() {
        for query in QUERIES {
            found += options.iter().map(|options| agree(schema, query, options)).sum::<usize>();
        }
    }
    assert!(found > 10_000, "most queries find something: {found}");
    let odd = &SCHEMAS[0];
    assert_eq!(odd.search("deeper", &SearchOptions::new()).total, 0, "a deviation took it away");
    assert_eq!(odd.search("vlan-id", &SearchOptions::new()).total, 1);
}

/// Words as people write them: pieces of names and descriptions, paths of them, modules, nonsense.
fn word() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "vlan",
        "Leaf",
        "leaf1",
        "top",
        "native",
        "interface",
        "e",
        "t",
        "name",
        "speed-",
        "-id",
        "o",
        "plant",
        "the",
        "mtu",
        "ga",
        "port",
        "type",
        "config",
        "qq",
        "größe",
        "k",
        "S",
        "in",
        "entry",
        "feature13",
        "",
        "number 3",
    ]);
    let module =
        prop::sample::select(vec!["", "", "", "", "o:", "odd:", "nat:", "syn-native:", "plant:", "x:"]);
    let step = (module, piece).prop_map(|(module, piece)| format!("{module}{piece}"));
    let slash = prop::sample::select(vec!["", "", "", "/"]);
    (slash, prop::collection::vec(step, 1..4), prop::bool::weighted(0.7)).prop_map(|(slash, steps, one)| {
        format!("{slash}{}", if one { steps[0].clone() } else { steps.join("/") })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn every_search_finds_what_a_plain_one_finds(
        schema in 0_usize..5,
        words in prop::collection::vec(word(), 0..4),
        limit in prop::sample::select(vec![0_usize, 1, 3, 50, 10_000]),
        config_only: bool,
        descriptions: bool,
    ) {
        let options = SearchOptions::new().limit(limit).config_only(config_only).descriptions(descriptions);
        agree(&SCHEMAS[schema], &words.join(" "), &options);
    }
}
