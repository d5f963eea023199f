namespace FlameEdge.Federated.Aggregation;

/// <summary>A vector an algorithm carries from round to round. A checkpoint copies it out; copied back in, the algorithm goes on bit for bit.</summary>
/// <param name="Name">The paper's letter or word, such as <c>momentum</c>; unique within its owner.</param>
/// <param name="Values">The living values, in layout order.</param>
public sealed record StateVector(string Name, Memory<float> Values);
