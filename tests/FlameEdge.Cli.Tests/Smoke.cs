namespace FlameEdge.Tests;
public class Smoke { [Fact] public void Runs() => Assert.NotNull(FlameEdge.Testing.SharedData.RepositoryRoot); }
