using FlameEdge.Federated.Replicas;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Federated.Replicas;

/// <summary>Who works with whom, where nobody says it.</summary>
public class RendezvousTests
{
    private static readonly List<WorkerId> Trainers = [.. Enumerable.Range(0, 3000).Select(index => WorkerId.Of(new("trainer"), index))];

    private static readonly List<WorkerId> Replicas = [.. Enumerable.Range(0, 3).Select(index => WorkerId.Of(new("middle"), index))];

    [Fact]
    public void Trainers_are_spread_evenly_in_whatever_order_the_replicas_are_listed()
    {
        var shares = Trainers.CountBy(trainer => Rendezvous.Of(trainer, Replicas)!.Value).ToDictionary();

        // Binomial: 1000 of 3000 with a deviation of 26; five of them.
        Assert.Equal(3, shares.Count);
        Assert.All(shares.Values, share => Assert.InRange(share, 870, 1130));
        Assert.All(Trainers, trainer => Assert.Equal(Rendezvous.Of(trainer, Replicas), Rendezvous.Of(trainer, Enumerable.Reverse(Replicas))));
    }

    [Fact]
    public void When_one_leaves_only_its_own_trainers_move_and_to_all_others()
    {
        List<WorkerId> rest = [Replicas[0], Replicas[2]];

        Assert.All(Trainers.Where(trainer => Rendezvous.Of(trainer, Replicas) != Replicas[1]), trainer => Assert.Equal(Rendezvous.Of(trainer, Replicas), Rendezvous.Of(trainer, rest)));
        var moved = Trainers.Where(trainer => Rendezvous.Of(trainer, Replicas) == Replicas[1]).CountBy(trainer => Rendezvous.Of(trainer, rest)!.Value).ToDictionary();
        Assert.All(rest, replica => Assert.InRange(moved[replica], 400, 600));
        Assert.Null(Rendezvous.Of(Trainers[0], []));
    }
}
