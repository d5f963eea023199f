"""The expected rounds of TinyCurveTests, computed without FlameEdge: python3 tiny_oracle.py (the standard library is enough).

Rows i = 0..79 hold x = 7i mod 23, y = 5i mod 17 and the level of s = 17x + 23y: low below 280, mid below 460, else high.
Site a has the rows with i mod 6 = 0, b those with 1 or 2, c the others. Rows 0..59 are learned from, 60..79 scored.
Features are standardized by mean and population deviation of the 60 rows. Softmax regression from zero; a round is three
full-batch steps of 0.5 on the mean cross-entropy at every site, then the mean of the sites weighted by their rows.
"""
from math import exp, log, sqrt

RATE, STEPS, ROUNDS, CLASSES = 0.5, 3, 6, 3


def row(i):
    x, y = 7 * i % 23, 5 * i % 17
    s = 17 * x + 23 * y
    return x, y, 0 if s < 280 else 1 if s < 460 else 2, 0 if i % 6 == 0 else 1 if i % 6 < 3 else 2


def statistics(values):
    mean = sum(values) / len(values)
    return mean, sqrt(sum((value - mean) ** 2 for value in values) / len(values))


def probabilities(model, features):
    scores = [sum(w * f for w, f in zip(model[k], features)) for k in range(CLASSES)]
    total = sum(exp(score) for score in scores)
    return [exp(score) / total for score in scores]


def learned(model, samples):
    for _ in range(STEPS):
        gradient = [[0.0] * 3 for _ in range(CLASSES)]
        for features, label in samples:
            for k, p in enumerate(probabilities(model, features)):
                for j, f in enumerate(features):
                    gradient[k][j] += (p - (k == label)) * f / len(samples)
        model = [[w - RATE * g for w, g in zip(*pair)] for pair in zip(model, gradient)]
    return model


rows = [row(i) for i in range(80)]
(mean_x, deviation_x), (mean_y, deviation_y) = statistics([r[0] for r in rows[:60]]), statistics([r[1] for r in rows[:60]])
samples = [(((x - mean_x) / deviation_x, (y - mean_y) / deviation_y, 1.0), label) for x, y, label, _ in rows]
sites = [[samples[i] for i in range(60) if rows[i][3] == site] for site in range(3)]
print("rows per site", [len(site) for site in sites], "per level", [sum(r[2] == k for r in rows) for k in range(3)])

model = [[0.0] * 3 for _ in range(CLASSES)]
for number in range(1, ROUNDS + 1):
    models = [learned(model, site) for site in sites]
    model = [[sum(len(site) * m[k][j] for site, m in zip(sites, models)) / 60 for j in range(3)] for k in range(CLASSES)]
    chances = [(probabilities(model, features), label) for features, label in samples[60:]]
    right = sum(p.index(max(p)) == label for p, label in chances)
    loss = -sum(log(p[label]) for p, label in chances) / len(chances)
    print(number, right / 20, f"{loss:.9f}", f"{sqrt(sum(w * w for line in model for w in line)):.9f}")
