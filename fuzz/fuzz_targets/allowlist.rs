//! The host's endpoint list against its rule, segment by segment. An input is the list and, behind
//! its last line break, a path.

#![no_main]

use libfuzzer_sys::fuzz_target;
use owui_keygate::endpoints::Allowlist;

/// What Python's `str.isspace` is true for, written out.
const PYTHON_SPACE: &str = "\t\n\u{b}\u{c}\r\u{1c}\u{1d}\u{1e}\u{1f} \u{85}\u{a0}\u{1680}\u{2000}\
    \u{2001}\u{2002}\u{2003}\u{2004}\u{2005}\u{2006}\u{2007}\u{2008}\u{2009}\u{200a}\u{2028}\
    \u{2029}\u{202f}\u{205f}\u{3000}";

fn covers(rule: &str, path: &str) -> bool {
    let rule: Vec<&str> = rule.split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    path.starts_with(&rule)
}

fuzz_target!(|input: &str| {
    let (list, path) = input.rsplit_once('\n').unwrap_or((input, "/api/models"));
    let expected = list
        .split(',')
        .map(|rule| rule.trim_matches(|c| PYTHON_SPACE.contains(c)))
        .any(|rule| !rule.is_empty() && covers(rule, path));
    assert_eq!(Allowlist::parse(list).allows(path), expected);
});
