using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using FlameEdge.Channels;
using FlameEdge.Diagnostics;
using FlameEdge.Parameters;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Federated.Privacy;

/// <summary>What is known of one attempt at a round.</summary>
internal sealed class SecureAttempt
{
    private readonly string name = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
    private readonly Dictionary<string, byte> places;
    private readonly Dictionary<WorkerId, SecureMember> keys = [];
    private readonly Dictionary<WorkerId, Dictionary<byte, byte[]>> shares = [];
    private readonly Dictionary<WorkerId, StoredUpdate> updates = [];
    private readonly Dictionary<byte, SecureReveal> reveals = [];
    private readonly HashSet<WorkerId> lost = [];
    private readonly RoundTerms terms;
    private readonly ParameterLayout layout;
    private readonly MaskedRing ring;
    private readonly double largest;
    private readonly int threshold;
    private readonly int needed;
    private readonly ulong[] numbers;
    private SecureSum? sum;
    private string? failure;

    public SecureAttempt(RoleContext context, SecureAggregationSpec spec, RoundTerms terms, IReadOnlyList<WorkerId> cohort, ParameterLayout layout, int quorum)
    {
        (this.terms, this.layout, largest) = (terms, layout, context.Job.Rounds.LargestValue);
        places = cohort.OrderBy(worker => worker.Value, StringComparer.Ordinal).Select((worker, index) => (worker, index)).ToDictionary(entry => entry.worker.Value, entry => (byte)(entry.index + 1), StringComparer.Ordinal);
        threshold = spec.ThresholdOf(cohort.Count);
        needed = Math.Max(threshold, quorum);
        ring = new MaskedRing(64, spec.FractionBits);
        numbers = new ulong[layout.Length];
        Round = new CollectedRound(terms, cohort, layout.Length) { Sum = new ExactSum(layout.Length, terms.Step) };
    }

    public CollectedRound Round { get; }

    /// <summary>True while members may still come.</summary>
    public bool IsOpen { get; private set; } = true;

    public IReadOnlyCollection<WorkerId> WithKeys => keys.Keys;

    public IReadOnlyCollection<WorkerId> WithShares => shares.Keys;

    public Dictionary<WorkerId, StoredUpdate>.KeyCollection WithUpdate => updates.Keys;

    public bool HasEnoughReveals => reveals.Count >= threshold;

    public bool Has(WorkerId worker) => places.ContainsKey(worker.Value);

    public bool HasKeysOf(IEnumerable<WorkerId> present) => keys.Count >= needed && present.Where(Has).All(worker => keys.ContainsKey(worker) || lost.Contains(worker));

    public bool HasSharesOf(IEnumerable<WorkerId> present) => shares.Count >= needed && Left(keys.Keys, shares.ContainsKey, present);

    public bool HasUpdatesOf(IEnumerable<WorkerId> present) => Left(shares.Keys, updates.ContainsKey, present);

    public bool CloseKeys()
    {
        IsOpen = false;
        return IsEnough(keys.Count, "gave keys");
    }

    public bool CloseShares()
    {
        sum = new SecureSum(ring, layout.Length, keys.Where(entry => shares.ContainsKey(entry.Key)).Select(entry => entry.Value), threshold, SecureSession.ContextOf(terms.Run, terms.Round, name));
        return IsEnough(shares.Count, "gave shares of their secrets");
    }

    public bool CloseUpdates() => IsEnough(updates.Count, "sent an update");

    public SecureMessage Begin() => new() { Step = SecureMessage.Begin, Attempt = name, Run = terms.Run, Threshold = threshold, Places = places };

    public SecureMessage Roster() => new() { Step = SecureMessage.Keys, Attempt = name, Members = [.. keys.Values.OrderBy(member => member.Index)] };

    public SecureMessage SharesFor(WorkerId partner)
    {
        var index = keys[partner].Index;
        return new()
        {
            Step = SecureMessage.Shares,
            Attempt = name,
            Partners = [.. shares.Keys.Select(worker => keys[worker].Index).Order()],
            Sealed = shares.Where(entry => entry.Key != partner && entry.Value.ContainsKey(index)).ToDictionary(entry => keys[entry.Key].Index, entry => entry.Value[index]),
        };
    }

    public SecureMessage Question() => new() { Step = SecureMessage.Reveal, Attempt = name, Counted = [.. sum!.Counted.Order()], Dropped = [.. sum.Dropped] }; // Shares are closed.

    /// <summary>It has left: nothing more is waited for of it, what it gave stays.</summary>
    public void Lose(WorkerId worker) => lost.Add(worker);

    /// <exception cref="PayloadException">Its step does not fit.</exception>
    public void Take(WorkerId from, SecureMessage message)
    {
        if (message.Attempt != name || !places.TryGetValue(from.Value, out var index))
        {
            return;
        }

        switch (message)
        {
            case { Step: SecureMessage.Keys, Members: [var member] } when IsOpen:
                if (member.Index != index)
                {
                    throw new PayloadException($"keys of member {member.Index} from member {index}");
                }

                lost.Remove(from);
                keys[from] = member;
                break;
            case { Step: SecureMessage.Shares, Sealed: { } content } when !IsOpen && sum is null && keys.ContainsKey(from):
                if (keys.Any(entry => entry.Key != from && !content.ContainsKey(entry.Value.Index)))
                {
                    throw new PayloadException("shares for some members are missing");
                }

                shares[from] = content;
                break;
            case { Step: SecureMessage.Reveal, Revealed: { } revealed } when updates.ContainsKey(from):
                reveals[index] = revealed;
                break;
        }
    }

    /// <exception cref="PayloadException">It is no masked update of this attempt's length.</exception>
    public void Add(WorkerId from, Message message)
    {
        var head = FederatedJson.Read(message.Head.Span, FederatedJson.Default.UpdateHead);
        if (head.Attempt != name || sum is null || !shares.ContainsKey(from) || updates.ContainsKey(from))
        {
            return;
        }

        if (head.Samples <= 0 || head.Base != terms.Base || message.Body.Length != (long)numbers.Length * sizeof(ulong))
        {
            throw new PayloadException($"{message.Body.Length} bytes with the weight {head.Samples} are no masked update of {numbers.Length} values");
        }

        var body = message.Body.ToArray();
        for (var i = 0; i < numbers.Length; i++)
        {
            numbers[i] = BinaryPrimitives.ReadUInt64LittleEndian(body.AsSpan(i * sizeof(ulong)));
        }

        sum.Add(keys[from].Index, numbers);
        updates[from] = new() { Member = from.Value, Round = terms.Round, Run = head.Run, Base = head.Base, Samples = head.Samples, Blob = string.Empty };
    }

    /// <summary>Unmasks the sum and counts its members; nobody where that cannot be done.</summary>
    public CollectedRound Finish(out string? why)
    {
        try
        {
            if (failure is null && !HasEnoughReveals)
            {
                failure = $"{reveals.Count} of {threshold} members stayed to unmask the sum";
            }

            if (failure is null)
            {
                Count(sum!.Finish(reveals)); // Closed without a failure.
            }
        }
        catch (Exception error) when (error is PayloadException or CryptographicException or ArgumentException)
        {
            failure = error.Message;
        }

        why = failure;
        return Round;
    }

    private void Count(double[] total)
    {
        var weight = updates.Values.Sum(update => update.Samples);
        var mean = new float[total.Length];
        for (var i = 0; i < total.Length; i++)
        {
            mean[i] = (float)(total[i] / weight);
        }

        if (!(ParameterMath.LargestMagnitude(mean) <= largest) || Round.Sum!.Add(weight, mean) != SumRefusal.None)
        {
            failure = $"the sum is out of range: a member sent no update, or one beyond rounds.largestValue ({largest})";
            return;
        }

        foreach (var (worker, update) in updates)
        {
            Round.Count(worker, update, (long)numbers.Length * sizeof(ulong));
        }
    }

    private bool Left(IEnumerable<WorkerId> asked, Func<WorkerId, bool> has, IEnumerable<WorkerId> present)
    {
        var here = present.ToHashSet();
        return asked.All(worker => has(worker) || lost.Contains(worker) || !here.Contains(worker));
    }

    private bool IsEnough(int count, string did)
    {
        failure = count >= needed ? null : $"{count} of {needed} members {did}";
        return failure is null;
    }
}
