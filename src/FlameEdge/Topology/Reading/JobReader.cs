using System.Globalization;

namespace FlameEdge.Topology.Reading;

/// <summary>Reads a job in our own format from its syntax tree, be it YAML or JSON (docs/job-file.md).</summary>
public static class JobReader
{
    /// <summary>The job, or null where <paramref name="problems"/> holds the reasons. Overrides and parameters change <paramref name="root"/> in place.</summary>
    /// <param name="root">The file's tree.</param>
    /// <param name="folder">The folder that relative paths start from.</param>
    /// <param name="overrides">Values that stand above the file's.</param>
    /// <param name="programs">Programs on board, for a job that is to run; null for one that is only expanded.</param>
    /// <param name="problems">Takes everything found.</param>
    /// <param name="rolesHere">The roles whose workers run here, and so need their programs here; null for all.</param>
    public static JobSpec? Read(SpecNode root, string folder, IReadOnlyList<SpecOverride> overrides, IReadOnlySet<string>? programs, SpecProblems problems, IReadOnlySet<RoleName>? rolesHere = null)
    {
        if (root is not SpecMapping file)
        {
            problems.Add(root, $"a job file is a mapping (key: value), but this is {root.Kind}");
            return null;
        }

        SpecOverrides.Apply(file, overrides, JobKeys.Job, problems);
        Parameters.Replace(file, problems);
        return Bind(new Fields(file, "job", JobKeys.Job, problems), folder, problems) is { } draft
            ? Checks.JobAssembly.Assemble(draft, programs, problems, rolesHere)
            : null;
    }

    private static JobDraft? Bind(Fields job, string folder, SpecProblems problems)
    {
        var naming = new Naming(problems);
        var title = Required(job, "job", "name the job");
        var graph = job.Mapping("topology");
        if (graph is null)
        {
            problems.Add(job["topology"] ?? job.Node, "topology is missing; describe its roles and channels");
        }

        var seed = Seed(job);
        var rounds = job.Mapping("rounds");
        var datasets = new DatasetReader(naming, folder, seed, problems).Read(job.Sequence("datasets"));
        var aggregation = new AggregationReader(problems);
        var (optimizer, optimizerSpec) = aggregation.Optimizer(job["optimizer"]);
        var draft = new JobDraft
        {
            Root = job.Node,
            Words = Vocabulary.Own,
            Title = title?.Text ?? "",
            Name = title is null ? default : new(naming.Loose(title, "job").Value),
            Datasets = datasets.All,
            Evaluation = job.Scalar("evaluation") is { } evaluation ? datasets.Mention(evaluation) : null,
            Optimizer = optimizer,
            OptimizerSpec = optimizerSpec,
            Robust = aggregation.Robust(job["robust"]),
            Privacy = PrivacyReader.Privacy(job.Mapping("privacy"), problems),
            SecureAggregation = PrivacyReader.SecureAggregation(job.Mapping("secureAggregation"), problems),
            Personal = PersonalReader.Read(job.Mapping("personal"), problems),
            Sampler = SamplerReader.Read(job["sampler"], problems),
            SamplerNode = job["sampler"],
            Backend = job.Scalar("backend") is { } backend ? LocatedName.Of(backend) : null,
            Model = SettingsReader.Model(job.Mapping("model"), folder, problems),
            Training = SettingsReader.Training(job.Mapping("training"), new(), "training", problems, isWhole: true),
            Rounds = SettingsReader.Rounds(rounds, problems),
            QuorumNode = rounds?["quorum"],
            Fleet = FleetReader.Fleet(job.Mapping("fleet"), problems),
            Canoe = CanoeReader.Canoe(job.Mapping("canoe"), folder, problems),
            Seed = seed,
        };
        if (graph is null || title is null)
        {
            return null;
        }

        new TopologyReader(draft, naming, datasets, problems).Read(graph);
        return draft;
    }

    /// <summary>A value that must be there.</summary>
    internal static SpecScalar? Required(Fields fields, string key, string remedy)
    {
        if (fields.Scalar(key) is { Text.Length: > 0 } scalar)
        {
            return scalar;
        }

        if (fields[key] is null or SpecScalar)
        {
            fields.Problems.Add(fields[key] ?? fields.Node, $"{fields.Element}: {key} is missing; {remedy}");
        }

        return null;
    }

    private static ulong Seed(Fields job)
    {
        if (job.Scalar("seed") is not { } scalar)
        {
            return 0;
        }

        if (!ulong.TryParse(scalar.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var seed))
        {
            job.Wrong(scalar, "seed", "a whole number of at least 0");
        }

        return seed;
    }
}
