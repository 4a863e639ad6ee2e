// Okapi BM25: how well texts fit a question, by how often they have its words, how rare these are, and how long they are.
import { wordsOf } from './words.ts'

const SATURATION = 1.2
const LENGTH_WEIGHT = 0.75
/** A word of a name says more than one of a description. */
const NAME_WEIGHT = 2
/** What fits less than this share of the best is left out. */
const LEAST_SHARE = 0.3
/** Texts that are read before others get their turn. */
const BETWEEN_TURNS = 500

export interface SearchText {
  readonly name: string
  readonly description: string
}

interface Entry<Item> {
  readonly item: Item
  readonly counts: ReadonlyMap<string, number>
  readonly length: number
}

export class Bm25<Item extends SearchText> {
  readonly #entries: readonly Entry<Item>[]
  readonly #averageLength: number

  private constructor(entries: readonly Entry<Item>[]) {
    this.#entries = entries
    this.#averageLength = entries.reduce((sum, { length }) => sum + length, 0) / Math.max(1, entries.length)
  }

  /** Shares the thread with others while it reads. */
  static async of<Item extends SearchText>(items: readonly Item[]): Promise<Bm25<Item>> {
    const entries: Entry<Item>[] = []
    for (const [index, item] of items.entries()) {
      if (index > 0 && index % BETWEEN_TURNS === 0) await new Promise((resolve) => setImmediate(resolve))
      entries.push(entryOf(item))
    }
    return new Bm25(entries)
  }

  /** Those that fit, the best first; of equal ones by name. */
  rank(question: string): Item[] {
    const words = [...new Set(wordsOf(question))]
    const rarity = new Map(words.map((word) => [word, this.#rarity(word)]))
    const scored = this.#entries
      .map((entry) => ({ item: entry.item, score: this.#score(entry, rarity) }))
      .filter(({ score }) => score > 0)
      .sort((one, other) => other.score - one.score || (one.item.name < other.item.name ? -1 : 1))
    const least = (scored[0]?.score ?? 0) * LEAST_SHARE
    return scored.filter(({ score }) => score >= least).map(({ item }) => item)
  }

  #rarity(word: string): number {
    const having = this.#entries.filter(({ counts }) => counts.has(word)).length
    return Math.log(1 + (this.#entries.length - having + 0.5) / (having + 0.5))
  }

  #score({ counts, length }: Entry<Item>, rarity: ReadonlyMap<string, number>): number {
    let score = 0
    for (const [word, weight] of rarity) {
      const count = counts.get(word) ?? 0
      const norm = SATURATION * (1 - LENGTH_WEIGHT + (LENGTH_WEIGHT * length) / this.#averageLength)
      score += (weight * count * (SATURATION + 1)) / (count + norm)
    }
    return score
  }
}

function entryOf<Item extends SearchText>(item: Item): Entry<Item> {
  const counts = new Map<string, number>()
  const names = wordsOf(item.name)
  const others = wordsOf(item.description)
  for (const word of names) counts.set(word, (counts.get(word) ?? 0) + NAME_WEIGHT)
  for (const word of others) counts.set(word, (counts.get(word) ?? 0) + 1)
  return { item, counts, length: names.length * NAME_WEIGHT + others.length }
}

/** The first of each, then the second of each, and so on; each item once. */
export function roundRobin<Item>(lists: readonly (readonly Item[])[], keyOf: (item: Item) => string): Item[] {
  const merged = new Map<string, Item>()
  const longest = Math.max(0, ...lists.map(({ length }) => length))
  for (let turn = 0; turn < longest; turn++) {
    for (const list of lists) {
      const item = list[turn]
      if (item !== undefined && !merged.has(keyOf(item))) merged.set(keyOf(item), item)
    }
  }
  return [...merged.values()]
}
