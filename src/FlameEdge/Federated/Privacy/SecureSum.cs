using FlameEdge.Diagnostics;

namespace FlameEdge.Federated.Privacy;

/// <summary>The server's side of one round of secure aggregation: masked updates add up, and what members reveal takes the masks off the sum.</summary>
/// <remarks>
/// Own masks come off for every update in the sum, also of a member that dropped out after it; masks with a member that never uploaded come off its partners' updates.
/// Memory: 8 bytes per value, flat in the members. Not thread-safe.
/// </remarks>
/// <seealso href="https://doi.org/10.1145/3133956.3133982">Bonawitz et al. 2017, figure 4, the server's column</seealso>
public sealed class SecureSum
{
    private readonly MaskedRing ring;
    private readonly ulong[] sum;
    private readonly string context;
    private readonly int threshold;
    private readonly Dictionary<byte, SecureMember> partners;
    private readonly HashSet<byte> counted = [];

    /// <param name="ring">The round's.</param>
    /// <param name="length">Values of an update.</param>
    /// <param name="partners">Members that shared their secrets: those whose masks are in the updates.</param>
    /// <param name="threshold">t of the members.</param>
    /// <param name="context">That of the members.</param>
    public SecureSum(MaskedRing ring, int length, IEnumerable<SecureMember> partners, int threshold, string context)
    {
        (this.ring, this.sum, this.threshold, this.context) = (ring, new ulong[length], threshold, context);
        this.partners = partners.ToDictionary(member => member.Index);
    }

    /// <summary>Whose updates are in the sum.</summary>
    public IReadOnlyCollection<byte> Counted => this.counted;

    /// <summary>Whose are not: what members are asked to reveal the keys of.</summary>
    public IReadOnlyCollection<byte> Dropped => [.. this.partners.Keys.Where(index => !this.counted.Contains(index)).Order()];

    /// <summary>Adds a masked update.</summary>
    /// <exception cref="PayloadException">The sender is no partner or was counted already, or the length differs.</exception>
    public void Add(byte index, ReadOnlySpan<ulong> masked)
    {
        if (!this.partners.ContainsKey(index) || masked.Length != this.sum.Length || !this.counted.Add(index))
        {
            throw new PayloadException($"a masked update of {masked.Length} values from member {index}: no partner, counted already, or not of {this.sum.Length} values");
        }

        this.ring.Add(masked, this.sum);
    }

    /// <summary>Takes the masks off and returns the sum of the updates, exact to their rounding.</summary>
    /// <param name="reveals">By members' indices; as many as the threshold or more.</param>
    /// <exception cref="PayloadException">Too few reveals, a share missing or of another's index, or shares that do not give a member's secret.</exception>
    public double[] Finish(IReadOnlyDictionary<byte, SecureReveal> reveals)
    {
        var (sum, mask) = (this.sum.ToArray(), new ulong[this.sum.Length]);
        foreach (var index in this.counted)
        {
            MaskStream.Fill(Secret(reveals, reveal => reveal.Seeds, index, MaskStream.KeyBytes), mask);
            this.ring.Subtract(mask, sum);
        }

        foreach (var index in Dropped)
        {
            using var key = AgreementKey.Recover(Secret(reveals, reveal => reveal.Keys, index, null));
            if (!key.Public().AsSpan().SequenceEqual(this.partners[index].MaskKey))
            {
                throw new PayloadException($"the shares of member {index} give another key than it announced: a member revealed a false share");
            }

            foreach (var partner in this.counted)
            {
                // The missing member's side of the mask cancels the partner's.
                MaskStream.Fill(SecureClient.PairKey(key, index, this.partners[partner], this.context), mask);
                this.ring.ApplyPair(index, partner, mask, sum);
            }
        }

        var values = new double[sum.Length];
        this.ring.Decode(sum, values);
        return values;
    }

    private byte[] Secret(IReadOnlyDictionary<byte, SecureReveal> reveals, Func<SecureReveal, IReadOnlyDictionary<byte, SecretShare>> kind, byte index, int? length)
    {
        var shares = new List<SecretShare>();
        foreach (var (member, reveal) in reveals)
        {
            if (this.partners.ContainsKey(member) && kind(reveal).TryGetValue(index, out var share) && share.Index == member)
            {
                shares.Add(share);
            }
        }

        var secret = SecretShares.Combine(shares, this.threshold);
        return length is null || secret.Length == length ? secret : throw new PayloadException($"the shares of member {index} give {secret.Length} bytes, not {length}");
    }
}
