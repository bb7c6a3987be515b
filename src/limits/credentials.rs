//! Text that looks like a credential and must not be repeated.

/// How API keys begin, of Open WebUI (32 more characters) and of other services.
const KEY: &str = "sk-";
/// How a JSON Web Token begins: `{"` in base64url.
const TOKEN: &str = "eyJ";
/// How many more characters a word must have, so that `/locales/sk-SK` and
/// `sk-team@example.org` do not count.
const FEWEST_CHARACTERS: usize = 16;

/// Whether a text contains a word that looks like an API key or a JSON Web Token. `doctor` and the
/// status route show valid settings, so a valid setting must not contain one.
pub(super) fn are_in(text: &str) -> bool {
    text.split(|character: char| !(character.is_ascii_alphanumeric() || "-_".contains(character)))
        .any(looks_like_one)
}

fn looks_like_one(word: &str) -> bool {
    let Some((beginning, rest)) = word.split_at_checked(KEY.len()) else {
        return false;
    };
    let begins_so = beginning.eq_ignore_ascii_case(KEY) || beginning == TOKEN;
    begins_so && rest.len() >= FEWEST_CHARACTERS && rest.bytes().any(|byte| byte.is_ascii_digit())
}
