using FlameEdge.Testing;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Federated.Replicas;

/// <summary>A job whose aggregators in the middle all meet the same trainers, its plan written out.</summary>
internal static class ReplicatedJobs
{
    public static WorkerId Middle(int index) => WorkerId.Of(new("middle"), index);

    public static JobPlan Plan(int trainers, int middles, RoundSpec rounds, TrainingSpec training, string top = Programs.Aggregator, string middle = Programs.MiddleAggregator)
    {
        var tree = TestJobs.Tree(trainers, 1, rounds, training);
        var graph = tree.Job.Graph with
        {
            Roles = [.. tree.Job.Graph.Roles.Select(role => role.Name.Value switch { "aggregator" => role with { Program = top }, "middle" => role with { Program = middle }, _ => role })],
        };
        return new(tree.Job with { Graph = graph }, [.. tree.Workers.SelectMany(worker => worker.Role.Value == "middle" ? Enumerable.Range(0, middles).Select(at => worker with { Id = Middle(at) }) : [worker])]);
    }

    /// <summary>All but these.</summary>
    public static List<WorkerId> Others(JobPlan plan, params WorkerId[] without) => [.. plan.Workers.Select(worker => worker.Id).Except(without)];
}
