using System.Buffers;
using System.Buffers.Binary;
using FlameEdge.Diagnostics;
using FlameEdge.Topology;

namespace FlameEdge.Federated.Privacy;

/// <summary>A member's part in one attempt at a round. Its masks are used once: asked again, it gives the same bytes. Not thread-safe, but for <see cref="Ready"/>.</summary>
internal sealed class SecureSession : IDisposable
{
    private readonly TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SecureClient client;
    private readonly byte index;
    private List<byte> partners = [];
    private bool hasShared;
    private byte[]? masked;

    /// <param name="begin">The aggregator's first message.</param>
    /// <param name="round">Its round.</param>
    /// <param name="self">This member.</param>
    /// <param name="spec">The job's.</param>
    /// <exception cref="PayloadException">This member is not named, or the threshold is below what the job asks for.</exception>
    public SecureSession(SecureMessage begin, int round, WorkerId self, SecureAggregationSpec spec)
    {
        if (begin.Places is not { } places || !places.TryGetValue(self.Value, out index) || index == 0 || begin.Run is null)
        {
            throw new PayloadException($"a secure sum that does not name {self}");
        }

        if (begin.Threshold < spec.ThresholdOf(places.Count))
        {
            throw new PayloadException($"a secure sum of {places.Count} with a threshold of {begin.Threshold}, where the job asks for {spec.ThresholdOf(places.Count)}");
        }

        (Run, Round, Attempt) = (begin.Run, round, begin.Attempt);
        client = new SecureClient(index, new MaskedRing(64, spec.FractionBits), begin.Threshold, ContextOf(Run, round, Attempt));
    }

    public string Run { get; }

    public int Round { get; }

    public string Attempt { get; }

    /// <summary>Ends when the partners are known, or the session is over.</summary>
    public Task Ready => ready.Task;

    /// <summary>What all keys of an attempt are bound to.</summary>
    public static string ContextOf(string run, int round, string attempt) => $"{run} {round} {attempt}";

    /// <summary>Answers a step; null where nothing is to be said.</summary>
    /// <exception cref="PayloadException">An honest aggregator does not send this.</exception>
    public SecureMessage? Answer(SecureMessage message)
    {
        switch (message)
        {
            case { Step: SecureMessage.Begin }:
                return new() { Step = SecureMessage.Keys, Attempt = Attempt, Members = [client.Member] };
            case { Step: SecureMessage.Keys, Members: { } members } when !hasShared:
                hasShared = true;
                return new() { Step = SecureMessage.Shares, Attempt = Attempt, Sealed = new(client.Share(members)) };
            case { Step: SecureMessage.Shares, Sealed: { } shares, Partners: { } named } when partners.Count == 0:
                foreach (var (from, content) in shares)
                {
                    client.Receive(from, content);
                }

                partners = named;
                ready.TrySetResult();
                return null;
            case { Step: SecureMessage.Reveal, Counted: { } counted, Dropped: { } dropped }:
                return new() { Step = SecureMessage.Reveal, Attempt = Attempt, Revealed = client.Reveal(counted, dropped) };
            default:
                throw new PayloadException($"step '{message.Step}' has no place here");
        }
    }

    /// <summary>The masked update as it travels: numbers of 64 bits, little endian.</summary>
    /// <exception cref="ArgumentException">A value does not fit.</exception>
    public ReadOnlySequence<byte> Mask(ReadOnlySpan<float> values)
    {
        if (masked is null)
        {
            var numbers = client.Mask(values, partners);
            masked = new byte[numbers.Length * sizeof(ulong)];
            for (var i = 0; i < numbers.Length; i++)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(masked.AsSpan(i * sizeof(ulong)), numbers[i]);
            }
        }

        return new(masked);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ready.TrySetResult();
        client.Dispose();
    }
}
