"""numpy computes what is known beforehand."""

import numpy


def test_linear_system():
    matrix = numpy.array([[2.0, 1.0, -1.0], [-3.0, -1.0, 2.0], [-2.0, 1.0, 2.0]])
    solution = numpy.linalg.solve(matrix, numpy.array([8.0, -11.0, -3.0]))
    numpy.testing.assert_allclose(solution, [2.0, 3.0, -1.0], rtol=1e-12)
    assert numpy.isclose(numpy.linalg.det(matrix), -1.0)


def test_eigenvalues_of_a_chain():
    n = 50
    chain = 2 * numpy.eye(n) - numpy.eye(n, k=1) - numpy.eye(n, k=-1)
    known = 2 - 2 * numpy.cos(numpy.arange(1, n + 1) * numpy.pi / (n + 1))
    numpy.testing.assert_allclose(numpy.linalg.eigvalsh(chain), known, atol=1e-10)


def test_decomposition_gives_the_matrix_back():
    matrix = numpy.random.default_rng(1).normal(size=(40, 25))
    u, s, v = numpy.linalg.svd(matrix, full_matrices=False)
    numpy.testing.assert_allclose((u * s) @ v, matrix, atol=1e-10)
    assert numpy.all(s[:-1] >= s[1:])


def test_fourier_finds_the_frequency():
    time = numpy.arange(256) / 256
    spectrum = numpy.abs(numpy.fft.rfft(numpy.sin(2 * numpy.pi * 17 * time)))
    assert int(spectrum.argmax()) == 17
