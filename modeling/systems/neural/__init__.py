"""Neural classifiers of the earlier systems and what keeps them from collapsing into one class; `fit` alone needs Keras."""
