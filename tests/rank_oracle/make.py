"""Numbers of the tests in src/stats/relevance.rs and relief.rs: the formulas of the papers, row by row."""
import numpy as np

n = 80
def seq(a, m, off): return np.array([(i * a + off) % m / 100 for i in range(n)])
a = seq(37, 101, 0); b = seq(29, 71, 5); b[::9] = np.nan; c = np.array([i * i % 3 for i in range(n)])
cols = [("n", a), ("n", b), ("c", c)]
def diff(kind, v, i, j):
    if kind == "c": return float(v[i] != v[j])
    x, y = v[i], v[j]
    if np.isnan(x) and np.isnan(y): return 0.0
    if np.isnan(x) or np.isnan(y): return 1.0
    return abs(x - y) / (np.nanmax(v) - np.nanmin(v))
D = np.array([[[diff(k, v, i, j) for j in range(n)] for i in range(n)] for k, v in cols])
dist = D.sum(0)
picked = range(0, n, 3); m = len(picked); k = 12
cls = np.array([int(i * 37 % 101 > 50) + int(i % 7 == 0) for i in range(n)])
p = {q: np.mean(cls == q) for q in range(3)}
W = np.zeros(3)
for i in picked:
    for q in range(3):
        near = sorted([j for j in range(n) if cls[j] == q and j != i], key=lambda j: (dist[i, j], j))[:k]
        s = D[:, i, near].sum(1) / (m * len(near))
        W += -s if q == cls[i] else p[q] / (1 - p[cls[i]]) * s
print("RELIEF_F", W.tolist())
y = seq(53, 89, 7); y = (y - y.min()) / (y.max() - y.min())
ndc, nda, ndcda = 0, np.zeros(3), np.zeros(3)
for i in picked:
    near = sorted([j for j in range(n) if j != i], key=lambda j: (dist[i, j], j))[:k]
    for j in near:
        d = abs(y[i] - y[j]) / k
        ndc += d; nda += D[:, i, j] / k; ndcda += d * D[:, i, j]
print("RRELIEF_F", (ndcda / ndc - (nda - ndcda) / (m - ndc)).tolist())
from sklearn.metrics import mutual_info_score
from sklearn.feature_selection import f_classif, f_regression
import scipy.stats as st
C = np.array([[30, 20, 10], [0, 25, 15], [7, 7, 7], [0, 0, 0]])
mi = mutual_info_score(None, None, contingency=C[:3]); print("MUTUAL", mi, "RATIO", mi / st.entropy(C.sum(1)))
g = lambda v: 1 - ((v / v.sum()) ** 2).sum(); C = C[:3]
print("GINI", g(C.sum(0)) - sum(r.sum() / C.sum() * g(r) for r in C))
x = np.array([(i * 37) % 101 / 100 + i % 4 / 10 for i in range(60)])
yy = np.array([x[i] + (i * 53 + 7) % 89 / 50 for i in range(60)])
gg = np.array([i % 4 for i in range(60)])
show = lambda found: tuple(float(v[0]) for v in found)
print("F_CLASSES", show(f_classif(x[:, None], gg))); print("F_VALUES", show(f_regression(x[:, None], yy)))
print("F_SF", float(st.f.sf(50, 3, 200)))
