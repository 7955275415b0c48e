"""Texts that search as people's do: few words are said often, most seldom, some are Chinese; always the same."""

from collections.abc import Callable, Sequence
from itertools import accumulate, product
from random import Random

_SYLLABLES = ["".join(parts) for parts in product("klmnprstdbg", "aeiou", ("", "n", "r", "st"))]
_CHINESE = "我你他们在车站见面中午咖啡馆吃饭今天明天下雨学校朋友电影书图画音乐工作时间地方东西大小山水火木金土日月"
_WORDS = 6_000
_CHINESE_WORDS = 300
_CHINESE_SHARE = 0.05


class Corpus:
    """`words` and `chinese_words` are by how often they are said, the commonest first."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311 - the same each time is what it is for
        self.words = self._make(lambda: "".join(self.random.choices(_SYLLABLES, k=self.random.randint(1, 4))), _WORDS)
        self.chinese_words = self._make(lambda: "".join(self.random.sample(_CHINESE, 2)), _CHINESE_WORDS)
        self._weights = _zipf(_WORDS)
        self._chinese_weights = _zipf(_CHINESE_WORDS)

    def sentence(self) -> str:
        if self.random.random() < _CHINESE_SHARE:
            return "".join(self._some(self.chinese_words, self._chinese_weights, 3, 10))
        return " ".join(self._some(self.words, self._weights, 3, 20)).capitalize()

    def _some(self, words: Sequence[str], weights: Sequence[float], count_min: int, count_max: int) -> list[str]:
        return self.random.choices(words, cum_weights=weights, k=self.random.randint(count_min, count_max))

    @staticmethod
    def _make(make_one: Callable[[], str], count: int) -> list[str]:
        words: dict[str, None] = {}
        while len(words) < count:
            words[make_one()] = None
        return list(words)


def _zipf(count: int) -> list[float]:
    return list(accumulate(1 / rank for rank in range(1, count + 1)))
