using CsCheck;
using FlameEdge.Topology;
using FlameEdge.Topology.Reading;

namespace FlameEdge.Tests.Topology;

public class ExpansionPropertyTests
{
    private static readonly Gen<(int Groups, int Replica, int[] Sizes)> Shapes =
        from groups in Gen.Int[1, 12]
        from replica in Gen.Int[1, 4]
        from sizes in Gen.Int[1, 20].Array[groups]
        select (groups, replica, sizes);

    [Fact]
    public void Workers_count_up_to_datasets_plus_replicas_times_associations() => Shapes.Sample(shape =>
    {
        var plan = Expansion.Expand(Job(shape));

        Assert.Equal(shape.Sizes.Sum() + (shape.Replica * shape.Groups) + 1, plan.Workers.Count);
        Assert.Equal(plan.Workers.Count, plan.Workers.Select(worker => worker.Id).Distinct().Count());
    }, iter: 200);

    [Fact]
    public void Expansion_is_the_same_every_time_and_shares_the_groups_of_an_association() => Shapes.Sample(shape =>
    {
        var first = Expansion.Expand(Job(shape));
        var second = Expansion.Expand(Job(shape));

        Assert.Equal(JobTexts.Lines(first), JobTexts.Lines(second));
        Assert.Equal((2 * shape.Groups) + 1, first.Workers.Select(worker => worker.Groups).Distinct(ReferenceEqualityComparer.Instance).Count());
    }, iter: 50);

    [Fact]
    public void Members_are_those_who_joined() => Shapes.Sample(shape =>
    {
        var plan = Expansion.Expand(Job(shape));

        for (var group = 0; group < shape.Groups; group++)
        {
            Assert.Equal(shape.Sizes[group], plan.Members(new("param"), new($"g{group}"), new("t")).Count);
            Assert.Equal(shape.Replica, plan.Members(new("param"), new($"g{group}"), new("m")).Count);
        }
    }, iter: 50);

    [Fact]
    public void A_hostile_name_never_becomes_a_topic_level() => Gen.String[Gen.Char["ab9-_ /+#$.\0\n\u00e9\u65e5\ud83d"], 0, 60].Sample(name =>
    {
        var safe = SafeName.From(name);

        Assert.True(safe is null || SafeName.IsSafe(safe), name);
        Assert.True(safe is null || safe.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter == '-'), name);
        Assert.True(safe is null || SafeName.From(safe) == safe, name);
    }, iter: 10_000);

    [Fact]
    public void A_hostile_name_in_a_job_is_refused_or_made_safe() => Gen.String[Gen.Char["ab9-_ /+#$.é"], 1, 20].Sample(name =>
    {
        var (job, found) = JobTexts.Read(JobTexts.ThreeTiers.Replace("\"three-tiers\"", $"\"{name}\"", StringComparison.Ordinal).Replace("\"global\"", $"\"{name}\"", StringComparison.Ordinal));

        Assert.True(job is null ? !found.IsEmpty : SafeName.IsSafe(job.Name.Value) && job.Graph.Channels.All(channel => SafeName.IsSafe(channel.Name.Value)), name);
    }, iter: 1000);

    private static JobSpec Job((int Groups, int Replica, int[] Sizes) shape)
    {
        var names = Enumerable.Range(0, shape.Groups).Select(group => $"\"g{group}\"").ToArray();
        var datasets = shape.Sizes.Select((size, group) => string.Join(',', Enumerable.Range(0, size).Select(at => $"\"d{group}-{at}\""))).ToArray();
        return JobTexts.Sound($$"""
            { "job": "shape", "datasets": [{{string.Join(',', datasets)}}],
              "topology": {
                "roles": [ { "name": "t", "isDataConsumer": true, "datasets": { {{string.Join(',', names.Zip(datasets, (name, ids) => $"{name}: [{ids}]"))}} } },
                           { "name": "m", "replica": {{shape.Replica}} }, { "name": "a" } ],
                "channels": [ { "name": "param", "pair": ["t", "m"], "groupBy": [{{string.Join(',', names)}}] }, { "name": "global", "pair": ["m", "a"] } ] } }
            """);
    }
}
