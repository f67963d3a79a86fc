"""Learning curves as event files, which TensorBoard shows; TensorBoard itself is not needed to write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import tensorflow as tf


def curves_write(folder: Path, curves: Mapping[str, Sequence[float]]) -> None:
    """Write one scalar for each metric and epoch, the first epoch as step 1; the folder is made.

    Not by keras.callbacks.TensorBoard: its scalars need TensorBoard's own package, these need TensorFlow alone.

    Raises: OSError where the folder cannot be written.
    """
    about = tf.compat.v1.SummaryMetadata(
        data_class="DATA_CLASS_SCALAR", plugin_data={"plugin_name": "scalars"}
    )
    try:
        writer = tf.summary.create_file_writer(str(folder))
        with writer.as_default():
            for name, figures in curves.items():
                for step, figure in enumerate(figures, start=1):
                    tf.summary.write(name, tf.constant(figure, dtype=tf.float32), step=step, metadata=about)
        writer.close()
    except tf.errors.OpError as error:
        raise OSError(error.message) from error
