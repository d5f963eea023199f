using FlameEdge.Cli.Reading;
using FlameEdge.Topology;

namespace FlameEdge.Cli.Tests;

public class YamlFuzzTests : Tool
{
    private const string Marks = "{}[]:,-?*&!|>%@`\"'#\n\t \\~=<\0é\ud83d0a";

    [Fact]
    public void A_mutated_job_file_answers_with_a_job_or_with_problems()
    {
        var random = new Random(20_240);
        for (var round = 0; round < 1000; round++)
        {
            var text = SoundJob.ToCharArray().ToList();
            for (var edit = random.Next(1, 6); edit > 0; edit--)
            {
                var at = random.Next(text.Count);
                if (random.Next(3) == 0)
                {
                    text.RemoveRange(at, Math.Min(random.Next(20), text.Count - at));
                }
                else
                {
                    text.Insert(at, Marks[random.Next(Marks.Length)]);
                }
            }

            var mutated = new string([.. text]);
            var reading = JobFile.Read(Write("job.yaml", mutated), [], Programs.BuiltIn);
            Assert.True(reading.Plan is not null ^ !reading.Found.IsEmpty, mutated);
        }
    }
}
