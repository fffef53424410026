"""One fit of another program in a process of its own: peer.py LEARNER TARGET FILE ROWS, where ROWS is a .npz with the
positions `train` and `test`. Prints one JSON line.

Encoding (codes, or indicators in a sparse matrix) is counted apart, as with us; prediction is of all rows.
"""

import json
import resource
import sys
import time
import warnings

import numpy as np

from tables import frame_of

warnings.filterwarnings("ignore")
THREADS = 2


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def timed(work):
    began, wall = cpu(), time.perf_counter()
    found = work()
    return found, round(cpu() - began, 3), round(time.perf_counter() - wall, 3)


def codes(x):
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder
    kinds = x.select_dtypes("category").columns
    unknown = dict(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1)
    return make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median")), [c for c in x.columns if c not in kinds]),
        (OrdinalEncoder(dtype=np.float32, **unknown), list(kinds)),
    )


def indicators(x):
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler
    kinds = x.select_dtypes("category").columns
    return make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), [c for c in x.columns if c not in kinds]),
        (OneHotEncoder(handle_unknown="ignore"), list(kinds)),
    )


def learner(name, is_classes):
    """The learner, how its rows are encoded, and the parameters the comparison is about."""
    from sklearn import ensemble, linear_model, tree
    pick = lambda module, kind: getattr(module, kind + ("Classifier" if is_classes else "Regressor"))
    share = dict(n_jobs=THREADS, random_state=0, min_samples_leaf=2, max_features="sqrt" if is_classes else 1 / 3)
    match name:
        case "lightgbm":
            import lightgbm
            kind = lightgbm.LGBMClassifier if is_classes else lightgbm.LGBMRegressor
            return kind(n_jobs=THREADS, verbose=-1), None, lightgbm.__version__
        case "xgboost":
            import xgboost
            kind = xgboost.XGBClassifier if is_classes else xgboost.XGBRegressor
            settings = dict(n_estimators=100, learning_rate=0.1, max_leaves=31, max_depth=0, grow_policy="lossguide")
            return kind(n_jobs=THREADS, enable_categorical=True, **settings), None, xgboost.__version__
        case "hist_gradient_boosting":
            kind = pick(ensemble, "HistGradientBoosting")
            return kind(early_stopping=False, categorical_features="from_dtype"), None, None
        case "random_forest":
            return pick(ensemble, "RandomForest")(100, **share), codes, None
        case "extra_trees":
            return pick(ensemble, "ExtraTrees")(100, **share), codes, None
        case "decision_tree":
            return pick(tree, "DecisionTree")(random_state=0, max_depth=8, min_samples_leaf=20), codes, None
        case "logistic":
            return linear_model.LogisticRegression(max_iter=200), indicators, None
        case "ridge":
            return linear_model.Ridge(1.0), indicators, None
        case "linear":
            return linear_model.LinearRegression(), indicators, None


def main():
    name, target, path, rows = sys.argv[1:]
    rows = np.load(rows)
    frame = frame_of(path)
    y = frame[target].to_numpy()
    x = frame.drop(columns=["churn", "spend"])
    # These keep cells without a category, but no more of them than fit their bins.
    if name == "hist_gradient_boosting":
        for column in x.select_dtypes("category"):
            if x[column].nunique() > 255:
                x[column] = x[column].cat.codes.astype(float)
    is_classes = target == "churn"
    model, encoder, version = learner(name, is_classes)
    if version is None:
        import sklearn
        version = f"scikit-learn {sklearn.__version__}"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    train, test = rows["train"], rows["test"]
    encode_cpu = 0.0
    if encoder:
        made = encoder(x)
        (fitting, encode_cpu, _) = timed(lambda: made.fit_transform(x.iloc[train]))
        rest, more, _ = timed(lambda: made.transform(x.iloc[test]))
        encode_cpu += more
    else:
        fitting, rest = x.iloc[train], x.iloc[test]
    _, fit_cpu, fit_wall = timed(lambda: model.fit(fitting, y[train]))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    said = (lambda x: model.predict_proba(x)[:, 1]) if is_classes else model.predict
    _, predict_cpu, _ = timed(lambda: said(fitting))
    answers, more, _ = timed(lambda: said(rest))
    from sklearn.metrics import roc_auc_score, root_mean_squared_error
    score = roc_auc_score(y[test], answers) if is_classes else root_mean_squared_error(y[test], answers)
    line = dict(learner=name, version=version, encode_cpu_s=encode_cpu, fit_cpu_s=fit_cpu, fit_wall_s=fit_wall)
    print(json.dumps(line | dict(predict_cpu_s=predict_cpu + more, score=score, peak_mb=peak, base_mb=before)))


main()
