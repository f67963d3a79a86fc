"""The earlier systems as recipes: classifiers of the next bars and a forecaster of the next close, on the same data and costs as the rest."""
