//! The host's list of endpoints that API keys may reach.

use crate::path_tree::PathTree;

/// The host's endpoint list, parsed.
///
/// A rule covers the path equal to it and every path below it, by segments: the rule of
/// `get_current_user_by_api_key` in Open WebUI 0.9.0 and later.
#[derive(Debug)]
pub struct Allowlist(PathTree<()>);

impl Allowlist {
    /// Parses the text of the host's setting `auth.api_key.allowed_endpoints`: rules
    /// separated by commas, without white space around them and without empty rules.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut rules = PathTree::new();
        text.split(',')
            .map(|rule| rule.trim_matches(is_python_space))
            .filter(|rule| !rule.is_empty())
            .for_each(|rule| *rules.entry(rule) = Some(()));
        Self(rules)
    }

    /// Whether a rule covers `path`.
    #[must_use]
    pub fn allows(&self, path: &str) -> bool {
        self.0.along(path).next().is_some()
    }
}

/// Python's `str.strip` also drops the four separators U+001C to U+001F, which Unicode does not
/// call white space.
fn is_python_space(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{1c}'..='\u{1f}')
}
