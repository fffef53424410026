//! How well a small model tells two sets of texts apart.

use rand::SeedableRng;
use rand::seq::{SliceRandom, index};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::rank::roc_auc;

/// Texts per side that are looked at; more add seconds, not certainty.
const MOST_TEXTS: usize = 20_000;

/// Buckets the words are hashed into.
const BUCKETS: usize = 1 << 16;

/// ROC AUC of a domain classifier: 0.5 (or less) means the two sets cannot be told apart by their words, 1 that they
/// always can. A naive Bayes model over which words occur (lower-cased runs of letters and digits, hashed) learns on a
/// random half and is measured on the other. At most 20,000 texts per side are used, drawn with `seed`. Fewer than two
/// texts on a side have no answer: 0.5.
pub fn text_domain_auc(reference: &[&str], current: &[&str], seed: u64) -> f64 {
    let sides = [reference, current];
    let pick = |side: usize, at: &[usize]| {
        Ok::<_, std::convert::Infallible>(at.iter().map(|i| sides[side][*i].to_owned()).collect())
    };
    text_domain_auc_of([reference.len(), current.len()], seed, pick).unwrap_or(0.5)
}

/// The same for texts that are fetched: `pick` gives those of a side (0: reference) at some of its positions, in the
/// order asked for.
pub fn text_domain_auc_of<E>(
    sizes: [usize; 2],
    seed: u64,
    mut pick: impl FnMut(usize, &[usize]) -> Result<Vec<String>, E>,
) -> Result<f64, E> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut texts: Vec<(bool, String)> = Vec::new();
    for (side, size) in sizes.into_iter().enumerate() {
        let at = index::sample(&mut rng, size, MOST_TEXTS.min(size)).into_vec();
        texts.extend(pick(side, &at)?.into_iter().map(|text| (side == 1, text)));
    }
    texts.shuffle(&mut rng);
    let words: Vec<(bool, Vec<u32>)> = texts.iter().map(|(label, text)| (*label, word_buckets(text))).collect();
    let (learn, measure) = words.split_at(words.len() / 2);
    let weights = word_weights(learn);
    let labels: Vec<bool> = measure.iter().map(|(label, _)| *label).collect();
    let scores: Vec<f64> = measure.iter().map(|(_, words)| words.iter().map(|w| weights[*w as usize]).sum()).collect();
    Ok(roc_auc(&labels, &scores).unwrap_or(0.5))
}

/// The AUC that a guessing classifier exceeds in 5 % of cases, measured on `n1` and `n2` texts: the normal
/// approximation of the Mann–Whitney statistic, `0.5 + 1.645 √((n1 + n2 + 1) / (12 n1 n2))`.
pub fn random_auc_95th_percentile(n1: usize, n2: usize) -> f64 {
    let (n1, n2) = (n1 as f64, n2 as f64);
    if n1 == 0.0 || n2 == 0.0 {
        return 1.0;
    }
    (0.5 + 1.644_853_626_951_472_2 * ((n1 + n2 + 1.0) / (12.0 * n1 * n2)).sqrt()).min(1.0)
}

/// The buckets of the distinct words of a text.
fn word_buckets(text: &str) -> Vec<u32> {
    let lower = text.to_lowercase();
    let mut buckets: Vec<u32> =
        lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(bucket).collect();
    buckets.sort_unstable();
    buckets.dedup();
    buckets
}

/// FNV-1a folded to the number of buckets.
fn bucket(word: &str) -> u32 {
    let hash = word.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    ((hash ^ (hash >> 32)) % BUCKETS as u64) as u32
}

/// Log odds of each word between the two sides, with one imagined text on either side that has it and one that has not.
fn word_weights(texts: &[(bool, Vec<u32>)]) -> Vec<f64> {
    let mut counts = vec![[0u32; 2]; BUCKETS];
    let mut totals = [0u32; 2];
    for (label, words) in texts {
        totals[usize::from(*label)] += 1;
        words.iter().for_each(|word| counts[*word as usize][usize::from(*label)] += 1);
    }
    let share = |count: u32, total: u32| (f64::from(count) + 1.0) / (f64::from(total) + 2.0);
    counts
        .iter()
        .map(|&[reference, current]| match (reference, current) {
            (0, 0) => 0.0,
            _ => (share(current, totals[1]) / share(reference, totals[0])).ln(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::mix;

    const TOPICS: [&[&str]; 2] =
        [&["late", "delivery", "parcel", "courier"], &["battery", "screen", "charger", "warranty"]];

    fn texts(topic: usize, n: u64, salt: u64) -> Vec<String> {
        (0..n)
            .map(|i| {
                let pick = |k: u64| TOPICS[topic][(mix(i * 8 + k + salt) % 4) as usize];
                format!("The {} and the {}, please help {}!", pick(0), pick(1), mix(i + salt) % 7)
            })
            .collect()
    }

    fn auc(a: &[String], b: &[String]) -> f64 {
        let (a, b): (Vec<&str>, Vec<&str>) =
            (a.iter().map(String::as_str).collect(), b.iter().map(String::as_str).collect());
        text_domain_auc(&a, &b, 42)
    }

    #[test]
    fn other_topics_are_told_apart() {
        assert!(auc(&texts(0, 500, 1), &texts(1, 500, 2)) > 0.99);
    }

    #[test]
    fn the_same_topic_is_not() {
        let score = auc(&texts(0, 2000, 10_000), &texts(0, 2000, 50_000));
        assert!((0.4..0.55).contains(&score), "{score}");
    }

    #[test]
    fn the_answer_depends_only_on_the_seed() {
        let (a, b) = (texts(0, 300, 1), texts(1, 300, 2));
        assert_eq!(auc(&a, &b), auc(&a, &b));
    }

    #[test]
    fn too_few_texts_have_no_answer() {
        assert_eq!(auc(&[], &texts(0, 10, 1)), 0.5);
        assert_eq!(auc(&[], &[]), 0.5);
    }

    #[test]
    fn the_random_percentile_shrinks_with_more_texts() {
        // numpy.percentile of 100,000 random AUCs over 100 + 100 texts is 0.567
        assert!((random_auc_95th_percentile(100, 100) - 0.567).abs() < 1e-3);
        assert_eq!(random_auc_95th_percentile(0, 5), 1.0);
    }
}
