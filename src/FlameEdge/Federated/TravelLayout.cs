using FlameEdge.Federated.Fairness;
using FlameEdge.Parameters;
using FlameEdge.Topology;

namespace FlameEdge.Federated;

/// <summary>
/// What travels in a round, in one buffer: the model, and behind it what its optimizer sends along. Aggregators add and average all of it alike, so that those in the middle need not know the algorithm.
/// </summary>
internal static class TravelLayout
{
    /// <summary>The buffer of a job's optimizer: SCAFFOLD's control variates have the model's length, FedNova's work is one value, FedGFT's terms are four. Others send the model alone.</summary>
    public static ParameterLayout Of(OptimizerSpec optimizer, ParameterLayout model) => optimizer.Kind switch
    {
        OptimizerSpec.Scaffold => Extended(model, model.Entries.Select(entry => ($"control/{entry.Name}", entry.Shape, entry.Kind))),
        OptimizerSpec.FedGft => Extended(model, [("fairness", [FairnessTerms.Count], ParameterKind.Buffer)]),
        OptimizerSpec.FedNova => Extended(model, [("work", [1], ParameterKind.Buffer)]),
        _ => model,
    };

    /// <summary>A layout with further tensors behind it; the same one where there are none.</summary>
    public static ParameterLayout Extended(ParameterLayout model, IEnumerable<(string Name, IReadOnlyList<int> Shape, ParameterKind Kind)> further)
    {
        var added = further.ToList();
        return added.Count == 0 ? model : ParameterLayout.Of([.. model.Entries.Select(entry => (entry.Name, entry.Shape, entry.Kind)), .. added]);
    }
}
