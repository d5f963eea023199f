using System.Security.Cryptography;
using System.Text;
using FlameEdge.Topology;
using FlameEdge.Topology.Reading;

namespace FlameEdge.Hosting;

/// <summary>What must be the same for a run to be resumed: who learns what from which data, not for how long or from which folder.</summary>
public static class JobFingerprint
{
    /// <summary>SHA-256 over workers, groups, datasets, model, training and seed; rounds, deadlines and paths may change.</summary>
    public static string Of(JobPlan plan)
    {
        var job = plan.Job;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add($"{job.Name}|{job.Seed}|{job.Optimizer}|{job.Evaluation}|{job.Rounds.LargestValue}");
        if (job.Robust is { } robust)
        {
            Add($"robust={robust}");
        }

        if (job.Privacy is { } privacy)
        {
            // The budget may be raised: what was spent of it is remembered.
            Add($"privacy={privacy with { Epsilon = null }}");
        }

        if (job.SecureAggregation is { } secure)
        {
            Add($"secureAggregation={secure}");
        }

        if (job.Personal is { } personal)
        {
            Add($"personal={personal}");
        }

        if (job.Sampler is { } sampler)
        {
            Add($"sampler={sampler}");
        }

        Add($"{job.Model?.Kind}|{job.Model?.Activation}|{string.Join(',', job.Model?.Hidden ?? [])}|{Path.GetFileName(job.Model?.Path)}|{job.Model?.Module}|{string.Join(',', job.Model?.Freeze ?? [])}|{job.Model?.TrainLast}");
        foreach (var worker in plan.Workers)
        {
            Add($"{worker.Id}|{worker.Dataset}|{worker.RunsOn}");
            foreach (var (channel, group) in worker.Groups.OrderBy(pair => pair.Key.Value, StringComparer.Ordinal))
            {
                Add($"{channel}={group}");
            }
        }

        // Only what is not the default: a run from before codecs could be chosen can still be resumed.
        foreach (var channel in job.Graph.Channels.Where(channel => channel.UpCodec != CodecSpec.Plain || channel.DownCodec != CodecSpec.Plain))
        {
            Add($"{channel.Name}|{channel.UpCodec}|{channel.DownCodec}");
        }

        foreach (var channel in job.Graph.Channels.Where(channel => channel.Selector.Kind != SelectorSpec.All))
        {
            Add($"{channel.Name}|selector={channel.Selector}");
        }

        foreach (var role in job.Graph.Roles)
        {
            var training = job.TrainingOf(role.Name);
            Add($"{role.Name}|{role.Program}|{training.Epochs}|{training.Steps}|{training.BatchSize}|{training.Loss}|{training.HuberDelta}");
            Add($"{training.Optimizer}|{training.LearningRate}|{training.Momentum}|{training.Nesterov}|{training.WeightDecay}|{training.Beta1}|{training.Beta2}|{training.Epsilon}|{training.ClipNorm}|{training.Proximal}");
            foreach (var (name, value) in role.Settings.Where(setting => !JobKeys.Training.Contains(setting.Key)).OrderBy(setting => setting.Key, StringComparer.Ordinal))
            {
                Add($"{name}={value}");
            }
        }

        if (job.Canoe is { Preset: not "common" } or { Numbers.Count: > 0 } or { Stream: not null } or { Classes.Count: > 0 } or { Inputs: not null } or { Units: not null })
        {
            Add($"{job.Canoe.Preset}|{job.Canoe.Inputs}|{string.Join(',', job.Canoe.Classes)}|{Path.GetFileName(job.Canoe.Stream)}|{string.Join(',', job.Canoe.Units ?? [])}|{job.Canoe.WarmUp}");
            Add(string.Join(',', job.Canoe.Numbers.OrderBy(number => number.Key, StringComparer.Ordinal).Select(number => $"{number.Key}={number.Value:R}")));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());

        void Add(string line) => hash.AppendData(Encoding.UTF8.GetBytes(line + "\n"));
    }
}
