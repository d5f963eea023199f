namespace FlameEdge.Benchmarks.Algorithms;

/// <summary>One line of a family's picture.</summary>
/// <param name="Name">What stands in the legend.</param>
/// <param name="Lines">Lines added to the job; <c>{rate}</c> stands for the server's rate.</param>
/// <param name="Topology">The topology section, with <c>{west}</c> and <c>{east}</c> for the halves of the clients; null for the job's own.</param>
/// <param name="Rates">Server rates to choose from, on a seed that is not reported; empty where there is nothing to choose.</param>
/// <param name="Epochs">Passes over a client's rows a round, in place of the steps of all cases; null for those.</param>
/// <param name="Steps">Steps that stand for one round: an asynchronous step takes in half of the clients.</param>
internal sealed record AlgorithmCase(string Name, string Lines = "", string? Topology = null, double[]? Rates = null, int? Epochs = null, int Steps = 1);
