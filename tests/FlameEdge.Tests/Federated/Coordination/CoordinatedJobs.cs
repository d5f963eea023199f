using FlameEdge.Testing;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Federated.Coordination;

/// <summary>A job with a coordinator, its plan written out: one top, aggregators in the middle that may meet any trainer.</summary>
internal static class CoordinatedJobs
{
    public static readonly WorkerId Coordinator = new("coordinator_0");

    public static JobPlan Plan(int trainers, int middles, RoundSpec rounds, TrainingSpec training, string top = Programs.Aggregator, string middle = Programs.MiddleAggregator, params (string Key, string Value)[] settings)
    {
        var tree = TestJobs.Tree(trainers, 1, rounds, training);
        var graph = tree.Job.Graph;
        var coordinator = new RoleName("coordinator");
        ChannelName[] names = [new("plans-top"), new("plans-middle"), new("plans-trainer")];
        (RoleName Role, string Tag)[] others = [(new("aggregator"), FunctionTags.CoordinateWithTop), (new("middle"), FunctionTags.CoordinateWithMiddle), (new("trainer"), FunctionTags.CoordinateWithTrainer)];
        var job = tree.Job with
        {
            Graph = graph with
            {
                Roles =
                [
                    .. graph.Roles.Select(role => role.Name.Value switch
                    {
                        "aggregator" => role with { Program = top, Settings = settings.Where(setting => setting.Key is "buffer" or "maxStaleness").ToDictionary(setting => setting.Key, setting => setting.Value) },
                        "middle" => role with { Program = middle, Settings = settings.Where(setting => setting.Key is "buffer" or "maxStaleness").ToDictionary(setting => setting.Key, setting => setting.Value) },
                        _ => role,
                    }),
                    new() { Name = coordinator, Program = Programs.Coordinator, GroupAssociation = [], Settings = settings.Where(setting => setting.Key is not ("buffer" or "maxStaleness")).ToDictionary(setting => setting.Key, setting => setting.Value) },
                ],
                Channels =
                [
                    .. graph.Channels,
                    .. others.Zip(names, (other, name) => new ChannelSpec
                    {
                        Name = name,
                        Pair = (other.Role, coordinator),
                        Groups = [GroupName.Default],
                        FunctionTags = new Dictionary<RoleName, IReadOnlyList<string>> { [other.Role] = [FunctionTags.Coordinate], [coordinator] = [other.Tag] },
                    }),
                ],
            },
        };
        var workers = tree.Workers.SelectMany(worker => worker.Role.Value == "middle"
            ? Enumerable.Range(0, middles).Select(at => With(worker with { Id = WorkerId.Of(worker.Role, at) }, names[1]))
            : [With(worker, worker.Role.Value == "aggregator" ? names[0] : names[2])]);
        return new(job, [new() { Id = Coordinator, Role = coordinator, Groups = names.ToDictionary(name => name, _ => GroupName.Default) }, .. workers]);
    }

    private static WorkerPlan With(WorkerPlan worker, ChannelName channel) =>
        worker with { Groups = worker.Groups.Append(new(channel, GroupName.Default)).ToDictionary() };
}
