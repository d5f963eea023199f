using System.Security.Cryptography;
using FlameEdge.Diagnostics;

namespace FlameEdge.Federated.Privacy;

/// <summary>
/// A member's side of one round of secure aggregation: y = x + PRG(own seed) ± PRG(key with each other member), so that the server learns the sum and no single
/// update. Its two secrets are shared out beforehand, so that any t members can undo its masks when it is gone.
/// </summary>
/// <remarks>
/// For a server that follows the protocol but reads everything; t above two thirds of the members also keeps one that lies about who dropped out from learning both
/// secrets of anyone. One round, one object. Not thread-safe.
/// </remarks>
/// <seealso href="https://doi.org/10.1145/3133956.3133982">Bonawitz et al. 2017, figure 4, rounds 0 to 4 without signatures (the broker authenticates members)</seealso>
public sealed class SecureClient : IDisposable
{
    private readonly byte index;
    private readonly MaskedRing ring;
    private readonly string context;
    private readonly int threshold;
    private readonly AgreementKey maskKey = AgreementKey.Create();
    private readonly AgreementKey shareKey = AgreementKey.Create();
    private readonly byte[] seed = RandomNumberGenerator.GetBytes(MaskStream.KeyBytes);
    private readonly Dictionary<byte, SecureMember> members = [];
    private readonly Dictionary<byte, MemberShares> shares = [];
    private bool revealed;

    /// <param name="index">This member's place, in 1..255.</param>
    /// <param name="ring">The round's.</param>
    /// <param name="threshold">t, at least 2: members that can together undo masks.</param>
    /// <param name="context">Job, run and round: what no other exchange shares.</param>
    public SecureClient(byte index, MaskedRing ring, int threshold, string context)
    {
        ArgumentOutOfRangeException.ThrowIfZero(index);
        ArgumentOutOfRangeException.ThrowIfLessThan(threshold, 2);
        (this.index, this.ring, this.threshold, this.context) = (index, ring, threshold, context);
        Member = new SecureMember(index, maskKey.Public(), shareKey.Public());
    }

    /// <summary>What it announces.</summary>
    public SecureMember Member { get; }

    /// <summary>Takes the round's members and seals a share of both secrets for each other one, by index.</summary>
    /// <exception cref="PayloadException">There are fewer members than the threshold, an index or key occurs twice, this one is not among them, or a key is none.</exception>
    public IReadOnlyDictionary<byte, byte[]> Share(IReadOnlyCollection<SecureMember> members)
    {
        if (members.Count < this.threshold || members.DistinctBy(member => member.Index).Count() < members.Count || members.DistinctBy(member => Convert.ToHexString(member.MaskKey)).Count() < members.Count
            || !members.Any(member => member.Index == this.index && member.MaskKey.AsSpan().SequenceEqual(Member.MaskKey)))
        {
            throw new PayloadException($"a secure sum needs {this.threshold} members or more, each once, and member {this.index} with its own key among them");
        }

        var last = members.Max(member => member.Index);
        var seeds = SecretShares.Split(this.seed, this.threshold, last);
        var keys = SecretShares.Split(maskKey.Private(), this.threshold, last);
        var sealedShares = new Dictionary<byte, byte[]>();
        foreach (var member in members)
        {
            this.members.Add(member.Index, member);
            var shares = new MemberShares(seeds[member.Index - 1], keys[member.Index - 1]);
            if (member.Index == this.index)
            {
                this.shares[this.index] = shares;
            }
            else
            {
                sealedShares[member.Index] = SealedShares.Seal(shares, shareKey.Agree(member.ShareKey, this.context, SealedShares.Purpose(this.index, member.Index)));
            }
        }

        return sealedShares;
    }

    /// <summary>Takes the shares another member sealed for this one.</summary>
    /// <exception cref="PayloadException">The sender is no member, or the bytes are not what it sealed.</exception>
    public void Receive(byte from, ReadOnlySpan<byte> sealedShares)
    {
        if (from == this.index || !this.members.TryGetValue(from, out var member))
        {
            throw new PayloadException($"shares came from {from}, which is no other member");
        }

        this.shares[from] = SealedShares.Open(sealedShares, this.index, shareKey.Agree(member.ShareKey, this.context, SealedShares.Purpose(from, this.index)));
    }

    /// <summary>The masked update: what travels. Masks are those with every member whose shares arrived, as the server then lists them.</summary>
    /// <param name="values">The update, weighted as it shall count.</param>
    /// <param name="partners">Members that shared, this one among them; as many as the threshold or more.</param>
    /// <exception cref="ArgumentException">A value does not fit the ring.</exception>
    /// <exception cref="PayloadException">Too few, or shares of one of them never came.</exception>
    public ulong[] Mask(ReadOnlySpan<float> values, IReadOnlyCollection<byte> partners)
    {
        if (partners.Distinct().Count() < this.threshold || !partners.Contains(this.index) || partners.Any(partner => !this.shares.ContainsKey(partner)))
        {
            throw new PayloadException($"member {this.index} cannot mask: fewer than {this.threshold} partners, or without shares of one of them");
        }

        var (masked, mask) = (new ulong[values.Length], new ulong[values.Length]);
        this.ring.Encode(values, partners.Count, masked);
        MaskStream.Fill(this.seed, mask);
        this.ring.Add(mask, masked);
        foreach (var partner in partners.Distinct().Where(partner => partner != this.index))
        {
            MaskStream.Fill(PairKey(maskKey, this.index, this.members[partner], this.context), mask);
            this.ring.ApplyPair(this.index, partner, mask, masked);
        }

        return masked;
    }

    /// <summary>What this member reveals once the server has said whose updates are in the sum.</summary>
    /// <exception cref="PayloadException">Asked a second time, for fewer than the threshold, or for both secrets of one member: an honest server does none of it.</exception>
    public SecureReveal Reveal(IReadOnlyCollection<byte> counted, IReadOnlyCollection<byte> dropped)
    {
        if (revealed || counted.Distinct().Count() < this.threshold || counted.Intersect(dropped).Any() || counted.Concat(dropped).Any(index => !this.shares.ContainsKey(index)) || dropped.Contains(this.index))
        {
            throw new PayloadException($"member {this.index} refuses to reveal: asked twice, below the threshold, or for both secrets of one member");
        }

        revealed = true;
        return new SecureReveal(counted.ToDictionary(index => index, index => this.shares[index].Seed), dropped.ToDictionary(index => index, index => this.shares[index].Key));
    }

    /// <summary>The key of the mask of two members; either side computes the same.</summary>
    internal static byte[] PairKey(AgreementKey own, byte index, SecureMember other, string context) =>
        own.Agree(other.MaskKey, context, $"mask {Math.Min(index, other.Index)} {Math.Max(index, other.Index)}");

    /// <inheritdoc/>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(this.seed);
        maskKey.Dispose();
        shareKey.Dispose();
    }
}
