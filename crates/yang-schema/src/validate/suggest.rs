//! "Did you mean": the nearest of the names that would be right.

/// The nearest of some names, if any is near.
pub(crate) fn nearest<'n>(wrong: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    /// Longest name that is a slip of the pen, in bytes.
    const MAX_NAME: usize = 256;
    if wrong.len() > MAX_NAME {
        return None;
    }
    let limit = 1 + wrong.chars().count() / 4;
    names
        .filter_map(|name| distance(wrong, name, limit).map(|distance| (distance, name)))
        .min_by_key(|(distance, name)| (*distance, name.len()))
        .map(|(_, name)| name)
}

/// The edit distance of two names, if it is at most `limit`.
fn distance(left: &str, right: &str, limit: usize) -> Option<usize> {
    let left: Vec<char> = left.to_lowercase().chars().collect();
    let right: Vec<char> = right.to_lowercase().chars().collect();
    if left.len().abs_diff(right.len()) > limit {
        return None;
    }
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, r) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(l != r);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row.last().copied().filter(|distance| *distance <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_recognised() {
        let names = ["description", "mtu", "shutdown"];
        assert_eq!(nearest("descripton", names.into_iter()), Some("description"));
        assert_eq!(nearest("MTU", names.into_iter()), Some("mtu"));
        assert_eq!(nearest("bandwidth", names.into_iter()), None);
    }
}
