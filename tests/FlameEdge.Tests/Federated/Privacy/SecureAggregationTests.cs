using FlameEdge.Diagnostics;
using FlameEdge.Federated.Privacy;
using FlameEdge.Models;

namespace FlameEdge.Tests.Federated.Privacy;

public class SecureAggregationTests
{
    private const string Context = "job-1 run-1 round-7";
    private const int Length = 50;
    private static readonly MaskedRing Ring = new(64, 24);

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(1, 2, 0)]
    [InlineData(0, 3, 0)]
    [InlineData(1, 0, 2)]
    [InlineData(0, 1, 2)]
    public void The_sum_is_exact_whoever_drops_out_and_when(int beforeSharing, int beforeUpload, int afterUpload)
    {
        // Ten members, threshold 7; values are multiples of 2⁻²⁴, hence exact in the ring.
        var clients = Clients(10, 7);
        var partners = Share([.. clients.Skip(beforeSharing)]);
        var sum = new SecureSum(Ring, Length, partners.Select(client => client.Member), 7, Context);
        byte[] indices = [.. partners.Select(client => client.Member.Index)];
        var expected = new double[Length];
        foreach (var client in partners.Skip(beforeUpload))
        {
            var values = Values(client.Member.Index);
            sum.Add(client.Member.Index, client.Mask(values, indices));
            expected = [.. expected.Zip(values, (total, value) => total + value)];
        }

        var reveals = partners.Skip(beforeUpload + afterUpload).ToDictionary(client => client.Member.Index, client => client.Reveal(sum.Counted, sum.Dropped));

        Assert.Equal(10 - beforeSharing - beforeUpload, sum.Counted.Count);
        Assert.Equal(expected, sum.Finish(reveals));
        Dispose(clients);
    }

    [Fact]
    public void A_masked_update_tells_nothing_of_its_values()
    {
        var clients = Clients(3, 2);
        byte[] indices = [.. Share(clients).Select(client => client.Member.Index)];

        var masked = clients[0].Mask(new float[1000], indices);

        // Of 64 000 bits of a mask about half are set (six deviations), and no number repeats.
        Assert.InRange(masked.Sum(value => (double)ulong.PopCount(value)), 32_000 - 760, 32_000 + 760);
        Assert.Equal(1000, masked.Distinct().Count());
        Dispose(clients);
    }

    [Fact]
    public void Masks_of_other_rounds_are_other_masks()
    {
        using var own = AgreementKey.Create();
        using var other = AgreementKey.Create();

        Assert.Equal(own.Agree(other.Public(), "round 1", "mask 1 2"), other.Agree(own.Public(), "round 1", "mask 1 2"));
        Assert.NotEqual(own.Agree(other.Public(), "round 1", "mask 1 2"), own.Agree(other.Public(), "round 2", "mask 1 2"));
        Assert.NotEqual(own.Agree(other.Public(), "round 1", "mask 1 2"), own.Agree(other.Public(), "round 1", "mask 1 3"));
    }

    [Fact]
    public void Nobody_reveals_twice_or_both_secrets_of_a_member_or_below_the_threshold()
    {
        var clients = Clients(4, 3);
        Share(clients);

        Assert.Throws<PayloadException>(() => clients[0].Reveal([1, 2], [3, 4]));
        Assert.Throws<PayloadException>(() => clients[0].Reveal([1, 2, 3], [3, 4]));
        Assert.Throws<PayloadException>(() => clients[0].Reveal([2, 3, 4], [1]));
        clients[0].Reveal([1, 2, 3], [4]);
        Assert.Throws<PayloadException>(() => clients[0].Reveal([1, 2, 4], [3]));
        Dispose(clients);
    }

    [Fact]
    public void Too_few_reveals_and_false_shares_give_no_sum()
    {
        var clients = Clients(4, 3);
        byte[] indices = [.. Share(clients).Select(client => client.Member.Index)];
        var sum = new SecureSum(Ring, Length, clients.Select(client => client.Member), 3, Context);
        foreach (var client in clients.Take(3))
        {
            sum.Add(client.Member.Index, client.Mask(Values(1), indices));
        }

        Assert.Throws<PayloadException>(() => sum.Add(1, new ulong[Length]));
        Assert.Throws<PayloadException>(() => sum.Add(9, new ulong[Length]));
        var reveals = clients.Take(3).ToDictionary(client => client.Member.Index, client => client.Reveal(sum.Counted, sum.Dropped));
        Assert.Throws<PayloadException>(() => sum.Finish(reveals.Take(2).ToDictionary()));
        reveals[1].Keys[4].Values[^1] ^= 1;
        Assert.Throws<PayloadException>(() => sum.Finish(reveals));
        Dispose(clients);
    }

    [Fact]
    public void Shares_for_another_or_altered_on_the_way_are_refused()
    {
        var clients = Clients(3, 2);
        SecureMember[] members = [.. clients.Select(client => client.Member)];
        var fromFirst = clients[0].Share(members);
        clients[1].Share(members);
        clients[2].Share(members);

        Assert.Throws<PayloadException>(() => clients[2].Receive(1, fromFirst[2]));
        Assert.Throws<PayloadException>(() => clients[0].Receive(2, fromFirst[2])); // its own, sent back: each direction has its key
        fromFirst[2][5] ^= 1;
        Assert.Throws<PayloadException>(() => clients[1].Receive(1, fromFirst[2]));
        Assert.Throws<PayloadException>(() => clients[1].Receive(1, [1, 2, 3]));
        Assert.Throws<PayloadException>(() => clients[1].Receive(77, fromFirst[3]));
        Dispose(clients);
    }

    [Fact]
    public void Any_threshold_of_shares_gives_the_secret_and_fewer_do_not()
    {
        byte[] secret = [0, 1, 2, 255, 128, 77];
        var shares = SecretShares.Split(secret, 3, 6);
        foreach (var (a, b, c) in from a in shares from b in shares from c in shares where a.Index < b.Index && b.Index < c.Index select (a, b, c))
        {
            Assert.Equal(secret, SecretShares.Combine([c, a, b], 3));
            Assert.NotEqual(secret, SecretShares.Combine([a, b], 2));
        }

        Assert.Throws<PayloadException>(() => SecretShares.Combine([shares[0], shares[1]], 3));
        Assert.Throws<PayloadException>(() => SecretShares.Combine([shares[0], shares[1], shares[0]], 3));
    }

    [Fact]
    public void Bytes_that_are_no_key_are_refused()
    {
        using var own = AgreementKey.Create();

        Assert.Throws<PayloadException>(() => own.Agree([1, 2, 3], "round", "mask"));
        Assert.Throws<PayloadException>(() => own.Agree([.. own.Public(), 0], "round", "mask"));
        Assert.Throws<PayloadException>(() => AgreementKey.Recover(new byte[64]));
    }

    private static List<SecureClient> Clients(int count, int threshold) => [.. Enumerable.Range(1, count).Select(index => new SecureClient((byte)index, Ring, threshold, Context))];

    private static List<SecureClient> Share(List<SecureClient> clients)
    {
        SecureMember[] members = [.. clients.Select(client => client.Member)];
        var sealedShares = clients.ToDictionary(client => client.Member.Index, client => client.Share(members));
        foreach (var client in clients)
        {
            foreach (var (from, shares) in sealedShares.Where(item => item.Key != client.Member.Index))
            {
                client.Receive(from, shares[client.Member.Index]);
            }
        }

        return clients;
    }

    private static float[] Values(ulong seed)
    {
        var random = new PortableRandom(seed);
        return [.. Enumerable.Range(0, Length).Select(_ => (random.Below(1 << 20) - (1 << 19)) / 16384f)];
    }

    private static void Dispose(List<SecureClient> clients) => clients.ForEach(client => client.Dispose());
}
