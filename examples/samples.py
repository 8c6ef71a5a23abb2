"""Small programs with mistakes in them, for compilers, linters and test runners to complain about."""

from pathlib import Path

SAMPLES = {
    "shop/__init__.py": "",
    "shop/basket.py": '''"""A basket of things with prices."""
import json
from os import *
from pathlib import Path


class Basket:
    def __init__(self, items=[]):
        self.items = items

    def add(self, name: str, price: float, count=1):
        self.items.append({"name": name, "price": price, "count": count})

    def total(self) -> int:
        sum = 0
        for item in self.items:
            sum = sum + item["price"] * item["count"]
        return sum


def load(path: str) -> dict[str, float]:
    try:
        return json.load(open(path))
    except:
        raise


def receipt(basket: Basket) -> str:
    lines = []
    for item in basket.items:
        lines.append("%-20s %8.2f" % (item["name"], item["price"]))
    return "\\n".join(lines) + "\\n" + str(basket.total)


if __name__ == "__main__":
    prices = load(Path(__file__).parent / "prices.json")
    basket = Basket()
    for name in prices:
        basket.add(name, prices[name])
    print(receipt(basket))
''',
    "shop/prices.json": '{\n  "tea": 3.5,\n  "bread": 2.25,\n  "honey": 7.0,\n}\n',
    "shop/test_basket.py": """import pytest

from shop.basket import Basket, load, receipt


@pytest.mark.parametrize("count", range(6))
def test_total_counts_every_item(count):
    basket = Basket([])
    basket.add("tea", 3.5, count)
    assert basket.total() == 3.5 * count + (count > 3)


def test_baskets_are_independent():
    first, second = Basket(), Basket()
    first.add("tea", 3.5)
    assert second.items == []


def test_total_of_a_missing_price():
    basket = Basket([])
    basket.add("bread", None)
    assert basket.total() == 0


def test_prices_load():
    assert load("shop/prices.json")["tea"] == 3.5


def test_receipt_ends_with_the_total():
    basket = Basket([])
    basket.add("honey", 7.0)
    assert receipt(basket).endswith("7.0")
""",
    "ledger/Cargo.toml": '[package]\nname = "ledger"\nversion = "0.1.0"\nedition = "2021"\n\n[workspace]\n',
    "ledger/src/lib.rs": """//! A ledger that doesn't build.

pub struct Entry {
    label: &str,
    amount: i64,
}

pub struct Ledger {
    entries: Vec<Entry>,
}

impl Ledger {
    pub fn add(&mut self, entry: Entry) -> usize {
        self.entries.push(entry);
        entry.amount
    }

    pub fn both(&mut self) -> (&mut Entry, &mut Entry) {
        let first = &mut self.entries[0];
        let second = &mut self.entries[1];
        (first, second)
    }

    pub fn total(&self) -> i64 {
        self.entries.iter().map(|entry| entry.amount).summ()
    }

    pub fn spawn(&self) {
        let label = String::from("total");
        std::thread::spawn(|| println!("{label}: {}", self.total()));
    }
}
""",
    "tally/Cargo.toml": '[package]\nname = "tally"\nversion = "0.1.0"\nedition = "2021"\n\n[workspace]\n',
    "tally/src/main.rs": """use std::collections::HashMap;

fn tally(words: Vec<String>) -> HashMap<String, i32> {
    let mut counts: HashMap<String, i32> = HashMap::new();
    for i in 0..words.len() {
        let word = words[i].clone();
        if counts.contains_key(&word) == true {
            let old = *counts.get(&word).unwrap();
            counts.insert(word, old + 1);
        } else {
            counts.insert(word, 1);
        }
    }
    return counts;
}

fn largest(counts: &HashMap<String, i32>) -> Option<(String, i32)> {
    let mut best: Option<(String, i32)> = None;
    for (word, count) in counts.iter() {
        match best.clone() {
            Some(b) => {
                if *count > b.1 {
                    best = Some((word.to_string(), *count));
                }
            }
            None => best = Some((word.to_string(), *count)),
        }
    }
    best
}

fn main() {
    let text = std::env::args().nth(1).unwrap_or("to be or not to be".to_string());
    let words = text.split(" ").map(|w| w.to_string()).collect::<Vec<String>>();
    let counts = tally(words);
    println!("{:?}", largest(&counts));
    println!("{}", counts.values().map(|v| *v as f32).sum::<f32>() / counts.len() as f32);
}
""",
    "ring.c": """#include <stdio.h>
#include <string.h>

#define SIZE 16

static int ring[SIZE], head, tail;

int push(int value) {
    if ((head + 1) % SIZE = tail)
        return 0;
    ring[head] = value;
    head = (head + 1) % SIZE;
}

int pop(unsigned *value) {
    int unused;
    if (head == tail)
        return -1;
    *value = ring[tial];
    tail = (tail + 1) % SIZE;
    return value;
}

int main(void) {
    char name[4];
    strcpy(name, "too long for this");
    for (unsigned i = 0; i < -1; i++)
        push(i);
    printf("%s %d\\n", head, name);
    return 0
}
""",
}


def write_samples(folder: Path) -> None:
    """Writes every sample below `folder`."""
    for name, text in SAMPLES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
