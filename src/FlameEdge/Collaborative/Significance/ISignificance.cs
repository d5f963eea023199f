using FlameEdge.Collaborative.Networks;

namespace FlameEdge.Collaborative.Significance;

/// <summary>Says how much each hidden unit of a network matters for one class.</summary>
public interface ISignificance
{
    /// <summary>What settings call it: <c>taylor</c>, <c>fisher</c>, <c>activation</c>, <c>magnitude</c>, <c>random</c>.</summary>
    string Name { get; }

    /// <summary>Scores of the units of every hidden layer, larger for more: [hidden layers][units].</summary>
    float[][] Score(ISiteModel model, ClassSample sample);
}

/// <summary>Rows of a class and rows of others.</summary>
/// <param name="Label">The class.</param>
/// <param name="Positives">[rows, features] of the class; at least one row.</param>
/// <param name="Negatives">[rows, features] of other classes; at least one row.</param>
public sealed record ClassSample(int Label, float[] Positives, float[] Negatives);
