//! Sorting short lists. The standard library's sort is up to 5 KiB of the Worker for every type that it sorts.

/// The items in order, those that are equal as they came. By insertion: for some hundred items.
pub fn sorted_by<T>(
    items: impl IntoIterator<Item = T>,
    is_before: impl Fn(&T, &T) -> bool,
) -> Vec<T> {
    let mut sorted: Vec<T> = Vec::new();
    for item in items {
        let at = sorted.partition_point(|other| !is_before(&item, other));
        sorted.insert(at, item);
    }
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_and_leaves_equals_as_they_came() {
        let items = [(2, 'a'), (1, 'b'), (2, 'c'), (0, 'd'), (1, 'e')];
        let sorted = sorted_by(items, |a, b| a.0 < b.0);
        assert_eq!(sorted, [(0, 'd'), (1, 'b'), (1, 'e'), (2, 'a'), (2, 'c')]);
        assert!(sorted_by(Vec::<u32>::new(), |a, b| a < b).is_empty());
    }
}
